"""What a database that was adopted is good for."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from tests.builders import HandClock, a_new_task
from tests.contracts.store import StoreContract
from tests.integration.databases import beside, fresh_database
from tests.integration.old_databases import (
    ADA,
    BOB,
    OF_DRIZZLE,
    ROWS,
    TASK_ROWS,
    TASKS,
    TASKS_WITH_TIMES,
    adoption_of,
    fill,
    migrations_of,
)
from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.adoption.shape import AT, FIRST
from todo.adapters.postgres.migrations import _config
from todo.adapters.postgres.schema_version import VERSION_TABLE
from todo.adapters.postgres.store import PostgresStore
from todo.domain.errors import OwnerUnknown
from todo.domain.model.session import SessionHandle, SessionId
from todo.domain.model.task import TaskId
from todo.domain.model.user import Email, UserId
from todo.domain.ports.store import Store


class TestAfterwards:
    async def test_people_find_their_things(self, bare_database: str) -> None:
        await fill(bare_database, OF_DRIZZLE, ROWS, TASKS, TASK_ROWS)
        await adoption_of(bare_database).adopt()

        async with PostgresStore(DatabaseAddress.parse(bare_database), clock=HandClock()) as store:
            bob = await store.users.find_by_email(Email("bob.the-b@example.com"))
            session = await store.sessions.find_by_handle(SessionHandle("gRzRslJgjyBEfKWmzCpY7Avt1bszG1DE"))
            password = await store.passwords.find(UserId(ADA))
            tasks = await store.tasks.of(UserId(ADA))
            added = await store.tasks.add(a_new_task(UserId(ADA)))
            with pytest.raises(OwnerUnknown):
                await store.tasks.add(a_new_task(UserId("nobody")))

        assert bob is not None
        assert session is not None
        assert (bob.id, session.id, session.user) == (BOB, SessionId("LRrfSK0u6ip4tE5Xg5ma9u0VxaDQ294f"), ADA)
        assert password == "d4e0bb711759b2d0cca906bc1ac0e632:d20279cb"
        assert [(task.id, task.completed) for task in tasks] == [(TaskId(1), False), (TaskId(2), True)]
        assert added.id == 10

    async def test_the_shape_that_is_adopted_to_is_that_of_its_version(self, bare_database: str) -> None:
        def compare(connection: Connection) -> list[Any]:
            config = _config()
            config.attributes["environment"] = {"connection": connection, "version_table": VERSION_TABLE}
            command.upgrade(config, AT)
            options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
            return list(compare_metadata(MigrationContext.configure(connection, opts=options), FIRST))

        assert await migrations_of(bare_database).run(compare) == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def adopted_template(database_server: str) -> AsyncIterator[str]:
    """The name of a database that was Drizzle's and SQLModel's, without a row."""
    async with fresh_database(database_server) as name:
        url = beside(database_server, name)
        await fill(url, OF_DRIZZLE, TASKS_WITH_TIMES)
        await adoption_of(url).adopt()
        yield name


class TestAdoptedStore(StoreContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def store(self, database_server: str, adopted_template: str, way_in: str) -> AsyncIterator[Store]:
        async with (
            fresh_database(database_server, template=adopted_template) as name,
            PostgresStore(DatabaseAddress.parse(beside(way_in, name)), clock=HandClock()) as store,
        ):
            yield store
