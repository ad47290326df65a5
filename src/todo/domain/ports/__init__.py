"""Protocols: what the domain asks of the world, in its own words. Each says what it promises and raises."""
