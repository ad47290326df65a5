"""What people see: pages made from templates, and the files that bring them to life in a browser."""
