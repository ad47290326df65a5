"""What Alembic runs: the caller has the connection, and a transaction open on it."""

from alembic import context

context.configure(**context.config.attributes["environment"])
context.run_migrations()
