"""A store in dictionaries, for tests and for trying the service out. Nothing outlives it."""

from todo.adapters.memory.store import MemoryStore

__all__ = ["MemoryStore"]
