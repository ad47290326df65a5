"""A multi-user todo service. ARCHITECTURE.md shows the rooms and what may import what."""
