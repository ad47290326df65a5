"""The inside of the hexagon: what tasks, users and sessions are, and what may be done with them."""
