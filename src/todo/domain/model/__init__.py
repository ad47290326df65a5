"""Entities and values: frozen, synchronous, valid once made."""
