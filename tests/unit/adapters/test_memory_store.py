import pytest

from tests.contracts.store import StoreContract
from todo.adapters.memory import MemoryStore
from todo.domain.ports.store import Store


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()
