"""What `/metrics` looks at."""

from todo.adapters.argon2_hasher import Argon2Hasher
from todo.adapters.postgres.store import PostgresStore
from todo.adapters.prometheus_metrics import PrometheusMetrics
from todo.domain.ports.store import Store


def figures(store: Store, hashing: Argon2Hasher) -> PrometheusMetrics:
    """Of the store in memory there is no pool to tell of."""
    looked_at = {"todo_passwords_hashing": ("Passwords being hashed, or waiting for it.", lambda: hashing.inside)}
    if isinstance(store, PostgresStore):
        looked_at["todo_database_connections_in_use"] = (
            "Connections to the database in use, or waited for.",
            lambda: store.connections_in_use,
        )
        looked_at["todo_database_connections_limit"] = (
            "Connections to the database that there may be at once.",
            lambda: store.connections_limit,
        )
    return PrometheusMetrics(looked_at)
