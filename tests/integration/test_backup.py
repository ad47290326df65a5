"""Backups: what comes back, and what is refused before anything is touched."""

import asyncio
import hashlib
import json
import os
import stat
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.builders import ADA, BOB, HASH, HandClock, a_new_task, a_session, a_ticket, a_user, keep
from tests.contracts.samples import FAMILY, ODD_IDS, ODD_TEXTS, add_task
from tests.integration.databases import beside, execute, fresh_database, only_directly
from tests.integration.service import a_folder
from tests.integration.test_postgres_store import connected, store_at
from todo.adapters.postgres.address import DatabaseAddress
from todo.adapters.postgres.backup import BackupRefused, Backups, Manifest
from todo.adapters.postgres.backup.saving import NOT_WORTH_KEEPING
from todo.adapters.postgres.embedded import EmbeddedPostgres
from todo.adapters.postgres.migrations import Migrations
from todo.adapters.postgres.tables import Base
from todo.domain.errors import StoreUnavailable
from todo.domain.model.user import UserId

ANOTHER_VERSION = Path("/usr/lib/postgresql/15/bin")
TABLES = sorted(set(Base.metadata.tables) - NOT_WORTH_KEEPING)
REVISIONS = [
    script.revision for script in Migrations(DatabaseAddress.parse("postgresql://nowhere"))._scripts.walk_revisions()
]

INSERT_TASK = "INSERT INTO tasks (user_id, title) VALUES ('usr_ada', 'too late')"

Values = dict[str, list[tuple[Any, ...]]]


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def backups_of(url: str) -> Backups:
    return Backups(Migrations(DatabaseAddress.parse(url)), program="0.0.0", clock=HandClock())


def unheard(done: int, total: int, what: str) -> None:
    pass


async def save(url: str, file: Path, *, overwrite: bool = False) -> Manifest:
    return await backups_of(url).save(file, overwrite=overwrite, progress=unheard)


async def restore(url: str, file: Path, *, with_sessions: bool = False) -> Manifest:
    return await backups_of(url).restore(file, with_sessions=with_sessions, progress=unheard)


async def contents_of(url: str) -> Values:
    """Every row, to the last bit."""
    async with connected(url) as connection:
        return {
            table: sorted(tuple(row) for row in await connection.fetch(f'SELECT t::text FROM "{table}" t'))  # noqa: S608
            for table in TABLES
        }


async def tables_of(url: str) -> set[str]:
    async with connected(url) as connection:
        rows = await connection.fetch("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    return {row["relname"] for row in rows}


async def fill_with_odd_things(url: str) -> None:
    """What the service keeps, and what only another program could have put there."""
    async with store_at(url) as store, connected(url) as connection:
        for number, odd in enumerate(ODD_IDS):
            await keep(store, a_user(UserId(odd), email=f"{number}@example.com", name=FAMILY))
        await keep(store, a_user(ADA), (ADA, HASH), a_session(ADA), a_ticket(ADA))
        for text in [*ODD_TEXTS, "\\N", "\\.", "\\", "\\t", "NULL", "", "x" * 100_000]:
            await connection.execute("INSERT INTO tasks (user_id, title, description) VALUES ($1, $2, $2)", ADA, text)
        await connection.execute(
            "INSERT INTO tasks (user_id, id, title, created_at, updated_at, completed_at, version) VALUES"
            " ($1, 9223372036854775807, '', '-infinity', 'infinity', '0044-03-15 00:00:00 BC', 9223372036854775807),"
            " ($1, -1, '', '2026-02-28 23:59:59.999999+00', '9999-12-31 23:59:59.999999+00', NULL, 1)",
            ADA,
        )
        await connection.execute("INSERT INTO known_network VALUES ($1, '\\x00ff5c0a', now())", ADA)
        await connection.execute(
            "INSERT INTO idempotency_keys VALUES ($1, 'a', '\\x00', 201, '\\x0a5c00ff', 'infinity'),"
            " ($1, '\\', '\\x', NULL, NULL, '-infinity')",
            ADA,
        )
        await connection.execute("SELECT setval('tasks_id_seq', 4711)")


@pytest.fixture
def folder() -> Any:
    with a_folder() as folder:
        yield folder


@asynccontextmanager
async def another_database(server: str) -> AsyncIterator[str]:
    async with fresh_database(server) as name:
        yield beside(server, name)


class TestWhatComesBack:
    async def test_every_row_of_every_table_to_the_last_bit(
        self, empty_database: str, bare_database: str, folder: Path
    ) -> None:
        await fill_with_odd_things(empty_database)

        saved = await save(empty_database, folder / "kept")
        restored = await restore(bare_database, folder / "kept", with_sessions=True)

        before = await contents_of(empty_database)
        assert await contents_of(bare_database) == before
        assert restored.rows == saved.rows == {table: len(before[table]) for table in saved.rows}
        assert min(saved.rows[table] for table in TABLES) > 0

    async def test_new_tasks_get_numbers_that_were_never_used(
        self, empty_database: str, bare_database: str, folder: Path
    ) -> None:
        async with store_at(empty_database) as store:
            await keep(store, a_user(ADA))
            last = [await add_task(store) for _ in range(3)][-1]
            await store.tasks.remove(ADA, last.id)
            await save(empty_database, folder / "kept")

        await restore(bare_database, folder / "kept")

        async with store_at(bare_database) as store:
            assert (await add_task(store)).id == last.id + 1

    async def test_a_database_without_a_row_is_kept_as_well(
        self, empty_database: str, bare_database: str, folder: Path
    ) -> None:
        await save(empty_database, folder / "kept")

        await restore(bare_database, folder / "kept")

        async with store_at(bare_database) as store:
            await keep(store, a_user(ADA))
            assert (await add_task(store)).id == 1

    async def test_sessions_and_tickets_come_back_only_when_asked_for(
        self, empty_database: str, bare_database: str, folder: Path
    ) -> None:
        async with store_at(empty_database) as store:
            await keep(store, a_user(ADA), (ADA, HASH), a_session(ADA), a_ticket(ADA))
        await save(empty_database, folder / "kept")

        restored = await restore(bare_database, folder / "kept")

        kept = await contents_of(bare_database)
        assert (kept["session"], kept["verification"]) == ([], [])
        assert len(kept["user"]) == len(kept["account"]) == 1
        assert restored.left_out == ("table verification, 1 rows", "table session, 1 rows")

    async def test_tables_that_are_there_and_empty_are_filled(
        self, database_server: str, empty_database: str, folder: Path
    ) -> None:
        await fill_with_odd_things(empty_database)
        await save(empty_database, folder / "kept")
        async with another_database(database_server) as other:
            await Migrations(DatabaseAddress.parse(other)).upgrade()

            await restore(other, folder / "kept", with_sessions=True)

            assert await contents_of(other) == await contents_of(empty_database)
            assert await Migrations(DatabaseAddress.parse(other)).differences() == []

    @pytest.mark.parametrize("revision", REVISIONS)
    async def test_a_backup_of_any_earlier_version_is_brought_up_to_date(
        self, database_server: str, bare_database: str, folder: Path, revision: str
    ) -> None:
        migrations = Migrations(DatabaseAddress.parse(bare_database))
        await migrations.run(lambda connection: migrations.upgrade_on(connection, to=revision))
        await execute(
            bare_database,
            """INSERT INTO "user" (id, name, email, "emailVerified") VALUES ('a', '', 'a@example.com', true)""",
        )
        await execute(bare_database, "INSERT INTO tasks (user_id, title) VALUES ('a', 'old')")
        saved = await save(bare_database, folder / "kept")
        async with another_database(database_server) as other:
            await restore(other, folder / "kept")

            newer = Migrations(DatabaseAddress.parse(other))
            assert saved.schema == revision
            assert (await newer.current(), await newer.differences()) == (newer.head, [])
            assert len((await contents_of(other))["tasks"]) == 1

    @pytest.mark.skipif(not ANOTHER_VERSION.exists(), reason="there is no PostgreSQL 15 here (Debian: postgresql-15)")
    async def test_from_one_version_of_postgresql_to_another_and_back(self, empty_database: str, folder: Path) -> None:
        await fill_with_odd_things(empty_database)
        await save(empty_database, folder / "kept")
        with EmbeddedPostgres(folder / "server", binaries=ANOTHER_VERSION) as server:
            there = await restore(server.url, folder / "kept", with_sessions=True)
            between = await contents_of(server.url)
            back = await save(server.url, folder / "kept there")
            await asyncio.to_thread(server.close, wait=True)  # the folder goes, too

        assert between == await contents_of(empty_database)
        assert {part.sha256 for part in back.parts} == {part.sha256 for part in there.parts}
        assert back.server == "15"

    async def test_it_is_one_moment_however_much_is_written_meanwhile(
        self, empty_database: str, bare_database: str, folder: Path
    ) -> None:
        async with store_at(empty_database) as store:
            await keep(store, a_user(ADA))
            await add_task(store)
        written: list[str] = []

        def write_meanwhile(done: int, total: int, what: str) -> None:
            if not written:
                another = Thread(target=lambda: asyncio.run(execute(empty_database, INSERT_TASK)))
                another.start()
                another.join()
            written.append(what)

        await backups_of(empty_database).save(folder / "kept", overwrite=False, progress=write_meanwhile)
        await restore(bare_database, folder / "kept")

        assert written[0] == "user"
        assert len((await contents_of(empty_database))["tasks"]) == 2
        assert len((await contents_of(bare_database))["tasks"]) == 1

    @only_directly
    async def test_it_comes_back_into_the_schema_that_the_address_names(
        self, empty_database: str, bare_database: str, folder: Path
    ) -> None:
        async with store_at(empty_database) as store:
            await keep(store, a_user(ADA))
            await add_task(store)
        saved = await save(empty_database, folder / "kept")
        await execute(bare_database, 'CREATE SCHEMA "Its own"')

        there = f"{bare_database}{'&' if '?' in bare_database else '?'}search_path=%22Its%20own%22"
        await restore(there, folder / "kept")
        again = await save(there, folder / "kept again")

        async with connected(bare_database) as connection:
            assert await connection.fetchval("""SELECT count(*) FROM "Its own".tasks""") == 1
            assert await connection.fetchval("""SELECT nextval('"Its own".tasks_id_seq')""") == 2
        assert await tables_of(bare_database) == set()
        assert again.rows == saved.rows

    @pytest.mark.parametrize("overwrite", [True, False])
    async def test_what_is_no_file_is_left_as_it_is(self, empty_database: str, folder: Path, overwrite: bool) -> None:
        pipe = folder / "pipe"
        os.mkfifo(pipe)

        for place, words in ((pipe, "no ordinary file"), (Path(), "needs the name of a file")):
            with pytest.raises(BackupRefused, match=words):
                await backups_of(empty_database).save(place, overwrite=overwrite, progress=lambda *_: None)

        assert {each.name: each.is_fifo() for each in folder.iterdir()} == {"pipe": True}  # noqa: ASYNC240  in memory

    async def test_what_is_not_ours_is_named(self, empty_database: str, folder: Path) -> None:
        await execute(empty_database, 'ALTER TABLE "user" ADD COLUMN role text; CREATE TABLE strange (id int)')

        saved = await save(empty_database, folder / "kept")

        assert saved.left_out == ("table strange", "column user.role")


class TestTheFile:
    async def test_only_its_owner_can_read_it_and_nothing_lies_beside_it(
        self, empty_database: str, folder: Path
    ) -> None:
        await save(empty_database, folder / "kept")

        assert stat.S_IMODE((folder / "kept").stat().st_mode) == 0o600
        assert names_in(folder) == ["kept"]

    async def test_one_that_is_there_stays_unless_it_may_be_replaced(self, empty_database: str, folder: Path) -> None:
        (folder / "kept").write_text("precious")

        with pytest.raises(BackupRefused, match="there already"):
            await save(empty_database, folder / "kept")
        assert (folder / "kept").read_text() == "precious"

        await save(empty_database, folder / "kept", overwrite=True)
        assert zipfile.is_zipfile(folder / "kept")

    async def test_a_backup_that_fails_leaves_nothing_and_replaces_nothing(
        self, empty_database: str, folder: Path
    ) -> None:
        await execute(empty_database, "ALTER TABLE tasks ALTER COLUMN id DROP DEFAULT")
        await execute(empty_database, "DROP SEQUENCE tasks_id_seq")
        (folder / "kept").write_text("precious")

        with pytest.raises(BackupRefused, match="the database refused"):
            await save(empty_database, folder / "kept", overwrite=True)

        assert names_in(folder) == ["kept"]
        assert (folder / "kept").read_text() == "precious"

    async def test_a_folder_that_is_not_there_is_told(self, empty_database: str, folder: Path) -> None:
        with pytest.raises(BackupRefused, match=r"cannot write .*: No such file or directory"):
            await save(empty_database, folder / "nowhere" / "kept")

    async def test_a_database_that_is_away_leaves_no_file(self, folder: Path) -> None:
        with pytest.raises(StoreUnavailable):
            await save("postgresql://nobody@127.0.0.1:1/nowhere", folder / "kept")

        assert names_in(folder) == []

    async def test_a_database_without_our_tables_has_nothing_to_keep(self, bare_database: str, folder: Path) -> None:
        with pytest.raises(BackupRefused, match="nothing to back up"):
            await save(bare_database, folder / "kept")


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def with_a_bit_turned(file: Path) -> None:
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        place = archive.getinfo("tables/user.copy").header_offset + 80
    content[place] ^= 1
    file.write_bytes(content)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def another_archive(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("letter.txt", "Dear reader")


def rewritten(change: Callable[[dict[str, bytes]], Mapping[str, bytes]]) -> Callable[[Path], None]:
    """A file that is whole, and says something else."""

    def rewrite(file: Path) -> None:
        with zipfile.ZipFile(file) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in change(parts).items():
                archive.writestr(name, content)

    return rewrite


def saying(**other: object) -> Callable[[dict[str, bytes]], Mapping[str, bytes]]:
    return lambda parts: parts | {"manifest.json": json.dumps(json.loads(parts["manifest.json"]) | other).encode()}


def with_manifest(text: bytes) -> Callable[[dict[str, bytes]], Mapping[str, bytes]]:
    return lambda parts: parts | {"manifest.json": text}


def of_part(table: str, **other: object) -> Callable[[dict[str, bytes]], Mapping[str, bytes]]:
    """Says something else of one part."""

    def change(parts: dict[str, bytes]) -> Mapping[str, bytes]:
        told = json.loads(parts["manifest.json"])
        told["parts"] = [part | other if part["table"] == table else part for part in told["parts"]]
        return parts | {"manifest.json": json.dumps(told).encode()}

    return change


def with_part(table: str, *columns: str, content: bytes = b"") -> Callable[[dict[str, bytes]], Mapping[str, bytes]]:
    """One more, which the manifest vouches for."""

    def change(parts: dict[str, bytes]) -> Mapping[str, bytes]:
        told = json.loads(parts["manifest.json"])
        digest = hashlib.sha256(content).hexdigest()
        told["parts"].append({"table": table, "columns": columns, "rows": content.count(b"\n"), "sha256": digest})
        return {f"tables/{table}.copy": content} | parts | {"manifest.json": json.dumps(told).encode()}

    return change


def without_part(table: str) -> Callable[[dict[str, bytes]], Mapping[str, bytes]]:
    def change(parts: dict[str, bytes]) -> Mapping[str, bytes]:
        told = json.loads(parts["manifest.json"])
        told["parts"] = [part for part in told["parts"] if part["table"] != table]
        return parts | {"manifest.json": json.dumps(told).encode()}

    return change


def called_encrypted(file: Path) -> None:
    """Sets the bit for it, in the directory and before each part."""
    content = bytearray(file.read_bytes())
    for signature, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        found = content.find(signature)
        while found >= 0:
            content[found + place] |= 1
            found = content.find(signature, found + 1)
    file.write_bytes(content)


def with_other_rows(parts: dict[str, bytes]) -> Mapping[str, bytes]:
    return parts | {"tables/user.copy": parts["tables/user.copy"].replace(b"usr_ada@", b"usr_eve@")}


NO_BACKUP = "is no backup of this program, or it is damaged"
CATALOG_ROW = b"1\t1\t0\ttampered\n"

DAMAGES: Mapping[str, tuple[Callable[[Path], None], str]] = {
    "cut short": (cut_short, "is no backup of this program, or it is damaged"),
    "a bit turned": (with_a_bit_turned, "is no backup of this program, or it is damaged"),
    "empty": (emptied, "is no backup of this program, or it is damaged"),
    "another archive": (another_archive, "is no backup of this program, or it is damaged"),
    "another program's": (rewritten(saying(format="theirs")), "is no backup of this program, or it is damaged"),
    "a later format": (rewritten(saying(format_version=2)), "is in format 2, and this program reads up to 1"),
    "a newer program": (rewritten(saying(schema="9999")), "is of a newer program: its tables are at 9999"),
    "other rows": (rewritten(with_other_rows), "is damaged: the rows of user are not those that were kept"),
    "no manifest": (rewritten(lambda parts: {"tables/user.copy": b""}), "is no backup of this program"),
    "nonsense": (rewritten(lambda parts: parts | {"manifest.json": b"[]"}), "is no backup of this program"),
    "a part is gone": (
        rewritten(lambda parts: {name: parts[name] for name in parts if "tasks" not in name}),
        "is no backup of this program, or it is damaged",
    ),
    "a manifest without an end": (rewritten(with_manifest(b"[" * 200_000)), NO_BACKUP),
    "depths in a field of nobody's": (
        rewritten(with_manifest(b'{"format": "todo backup", "format_version": 1, "x": ' + b"[" * 200_000)),
        NO_BACKUP,
    ),
    "a text for a manifest": (rewritten(with_manifest(b'"todo backup"')), NO_BACKUP),
    "a manifest that is no UTF-8": (rewritten(with_manifest(b'{"format": "\xff"}')), NO_BACKUP),
    "a list of sequences": (rewritten(saying(sequences=["tasks_id_seq"])), NO_BACKUP),
    "rows in words": (rewritten(of_part("user", rows="1")), NO_BACKUP),
    "fewer rows than none": (rewritten(of_part("user", rows=-1)), NO_BACKUP),
    "a list for the version": (rewritten(saying(schema=["0001"])), NO_BACKUP),
    "lines in the version": (rewritten(saying(schema="0001\nall is well")), NO_BACKUP),
    "a list for the format's version": (rewritten(saying(format_version=[1])), NO_BACKUP),
    "encrypted": (called_encrypted, NO_BACKUP),
    "a table of PostgreSQL's own": (
        rewritten(with_part("pg_description", "objoid", "classoid", "objsubid", "description", content=CATALOG_ROW)),
        "holds 'pg_description', which is no table that is kept",
    ),
    "a table that is never kept": (rewritten(with_part("throttle", "key")), "holds 'throttle', which is no table"),
    "the version of the tables": (rewritten(with_part("todo_schema_version", "version_num")), "is no table that is"),
    "a name with lines in it": (rewritten(with_part("a\nb")), r"holds 'a\\nb', which is no table that is kept"),
    "a table twice": (rewritten(with_part("user", "id")), "holds the table user twice"),
    "a table is missing": (rewritten(without_part("user")), "is not whole: the table user is missing"),
    "a strange column": (
        rewritten(of_part("user", columns=["id", "ctid"])),
        "holds user with 'ctid', which is no column of it",
    ),
    "a column twice": (rewritten(of_part("user", columns=["id", "id"])), "without columns, or with one of them twice"),
    "no columns": (rewritten(of_part("user", columns=[])), "without columns, or with one of them twice"),
    "a strange sequence": (
        rewritten(saying(sequences={"tasks_id_seq": 1, "pg_catalog.strange": 1})),
        "sets 'pg_catalog.strange', which is no sequence of ours",
    ),
    "no sequence": (rewritten(saying(sequences={})), "does not say where tasks_id_seq goes on"),
    **{
        f"the number {number!r}": (rewritten(saying(sequences={"tasks_id_seq": number})), NO_BACKUP)
        for number in (0, -1, "1", 1.5, True, None, 2**63)
    },
    "a table that came later": (rewritten(saying(schema="0001")), "which tables at 0001 do not have"),
}


class TestWhatIsRefused:
    @pytest.mark.parametrize("damage", DAMAGES)
    async def test_a_file_that_cannot_be_trusted_before_anything_is_touched(
        self, empty_database: str, bare_database: str, folder: Path, damage: str
    ) -> None:
        async with store_at(empty_database) as store:
            await keep(store, a_user(ADA))
        await save(empty_database, folder / "kept")
        spoil, said = DAMAGES[damage]
        spoil(folder / "kept")

        with pytest.raises(BackupRefused, match=said) as refused:
            await restore(bare_database, folder / "kept")

        assert "\n" not in str(refused.value)
        assert await tables_of(bare_database) == set()

    async def test_a_file_that_is_not_there(self, bare_database: str, folder: Path) -> None:
        with pytest.raises(BackupRefused, match=r"cannot read .*: No such file"):
            await restore(bare_database, folder / "kept")

    async def test_a_database_that_is_in_use_and_what_stands_there(self, empty_database: str, folder: Path) -> None:
        async with store_at(empty_database) as store:
            await keep(store, a_user(ADA), a_user(BOB), a_session(ADA))
            for title in ("One", "Two", "Three"):
                await store.tasks.add(a_new_task(ADA, title=title))
        await save(empty_database, folder / "kept")
        before = await contents_of(empty_database)

        with pytest.raises(BackupRefused) as refused:
            await restore(empty_database, folder / "kept")

        told = "the database is in use (users 2, sessions 1, tasks 3), and nothing in it was changed. Restore into"
        assert str(refused.value).startswith(told)
        assert "\n" not in str(refused.value)
        assert await contents_of(empty_database) == before

    async def test_who_works_there_is_not_kept_waiting(self, empty_database: str, folder: Path) -> None:
        async with store_at(empty_database) as store:
            await keep(store, a_user(ADA))
        await save(empty_database, folder / "kept")

        async with connected(empty_database) as somebody, somebody.transaction():
            await somebody.execute("UPDATE \"user\" SET name = 'Ada'")
            with pytest.raises(BackupRefused, match="in use"):
                await asyncio.wait_for(restore(empty_database, folder / "kept"), 20)

    async def test_attempts_that_were_counted_are_no_rows_to_lose(self, empty_database: str, folder: Path) -> None:
        await save(empty_database, folder / "kept")
        await execute(empty_database, "INSERT INTO throttle VALUES ('\\x00', now(), '1 minute')")

        await restore(empty_database, folder / "kept")

        async with connected(empty_database) as connection:
            assert await connection.fetchval("SELECT count(*) FROM throttle") == 0

    async def test_tables_of_another_program(self, empty_database: str, bare_database: str, folder: Path) -> None:
        await save(empty_database, folder / "kept")
        await execute(bare_database, 'CREATE TABLE "user" (id text)')

        with pytest.raises(BackupRefused, match="another program has made the tables"):
            await restore(bare_database, folder / "kept")

    async def test_empty_tables_of_a_newer_program(
        self, database_server: str, empty_database: str, folder: Path
    ) -> None:
        await save(empty_database, folder / "kept")
        await execute(empty_database, "UPDATE todo_schema_version SET version_num = '9999'")

        with pytest.raises(BackupRefused, match="the tables are at 9999, of a newer program"):
            await restore(empty_database, folder / "kept")

    async def test_rows_that_the_database_does_not_take_leave_nothing_behind(
        self, empty_database: str, bare_database: str, folder: Path
    ) -> None:
        async with store_at(empty_database) as store:
            await keep(store, a_user(ADA))
            await add_task(store)
        made = await save(empty_database, folder / "kept")
        without_users = [
            part if part.table != "user" else replace(part, rows=0, sha256=EMPTY_DIGEST) for part in made.parts
        ]
        manifest = replace(made, parts=tuple(without_users)).as_json().encode()
        rewritten(lambda parts: parts | {"tables/user.copy": b"", "manifest.json": manifest})(folder / "kept")

        with pytest.raises(BackupRefused, match=r"the database refused: .*foreign key"):
            await restore(bare_database, folder / "kept")

        assert await tables_of(bare_database) == set()


EMPTY_DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


async def test_progress_is_told_up_to_the_end(empty_database: str, bare_database: str, folder: Path) -> None:
    told: list[tuple[int, int, str]] = []
    async with store_at(empty_database) as store:
        await keep(store, a_user(ADA))
        for _ in range(3):
            await add_task(store)

    await backups_of(empty_database).save(folder / "kept", overwrite=False, progress=lambda *step: told.append(step))
    saved = list(told)
    told.clear()
    await backups_of(bare_database).restore(
        folder / "kept", with_sessions=False, progress=lambda *step: told.append(step)
    )

    assert saved[-1] == (4, 4, "tasks")
    assert (4, 4, "check tasks") in told
    assert told[-1] == (4, 4, "tasks")
