"""PostgreSQL: Advanced Alchemy declares and migrates, SQLAlchemy composes each statement once, asyncpg runs it."""
