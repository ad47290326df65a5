"""What happens when something breaks: real processes, a real PostgreSQL, one fault at a time. See `./dev faults`."""
