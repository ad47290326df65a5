"""Where a fault plays: a database, a service of two workers over it, and somebody who is signed in."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.database import Database, a_database, a_place
from tests.integration.service import SECRET, Person, Service, signed_up, started

LONGEST_ANSWER = 5.0
"""Seconds in which everybody has an answer, whatever the database does."""
GRACE = 10
"""Seconds in which a service has stopped."""
SLOW = 0.25
"""Seconds that a good answer may take on a machine that has other things to do. What is a multiple of an idle time, and
less than this, is not looked at: it says more about the machine."""
POOL = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    folder: Path
    database: Database
    service: Service
    person: Person


@asynccontextmanager
async def stage(
    *arguments: str,
    settings: Mapping[str, str] | None = None,
    postgres: Mapping[str, str] | None = None,
    disk: Path | None = None,
    role: str | None = None,
    workers: int = 2,
) -> AsyncIterator[Stage]:
    """Throttles are off: all come from one address. With a `role` the service is that, and no superuser."""
    with ExitStack() as stack:
        folder = stack.enter_context(a_place())
        database = stack.enter_context(a_database(disk or folder, postgres))
        if role:
            await database.execute(f"CREATE ROLE {role} LOGIN; GRANT ALL ON SCHEMA public TO {role}")
        given = {
            "DATABASE_URL": database.url_of(role) if role else database.url,
            "BETTER_AUTH_SECRET": SECRET,
            "TODO_THROTTLE": "off",
            "TODO_DB_POOL_SIZE": str(POOL),
            **(settings or {}),
        }
        async with started("serve", "--workers", str(workers), *arguments, settings=given) as service:
            await service.answers()
            async with service.client() as client:
                person = await signed_up(client)
            yield Stage(folder=folder, database=database, service=service, person=person)


def memory_of(pid: int) -> float:
    """Resident, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def files_of(pid: int) -> int:
    return len([*Path(f"/proc/{pid}/fd").iterdir()])
