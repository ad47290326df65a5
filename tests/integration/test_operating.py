"""What an operator does: as real commands, on a real database, with the roles and the proxies of `deploy/`."""

import asyncio
import hashlib
import hmac
import json
import os
import re
import shutil
import stat
import subprocess
import sysconfig
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from tests.builders import ADA, a_session, a_user, keep
from tests.integration.databases import beside, connect, execute, fresh_database
from tests.integration.service import (
    PASSWORD,
    PATIENCE,
    SECRET,
    TODO,
    a_folder,
    run_todo,
    serving,
    signed_up,
    surroundings,
)
from tests.integration.test_postgres_store import store_at
from todo.config import Settings

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
SYSTEMD: Final = shutil.which("systemd-analyze")
NGINX: Final = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PSQL: Final = shutil.which("psql")
OPENSSL: Final = shutil.which("openssl")
FORBIDDEN: Final = (
    "CREATE TABLE mine (id int)",
    "ALTER TABLE tasks ADD COLUMN mine int",
    "DROP TABLE tasks",
    "TRUNCATE tasks",
)
"""To a role that works on rows and does nothing else."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with a_folder() as folder:
        yield folder


def settings_for(database: str) -> dict[str, str]:
    return {"DATABASE_URL": database, "BETTER_AUTH_SECRET": SECRET}


class TestTheCommands:
    async def test_a_backup_of_a_running_service_is_restored_and_everybody_can_sign_in(
        self, empty_database: str, bare_database: str, folder: Path
    ) -> None:
        async with serving(empty_database) as service, service.client() as client:
            me = await signed_up(client)
            await client.post(me.proxied, json={"title": "Kept"})
            saved = await run_todo("backup", str(folder / "kept"), settings=settings_for(empty_database))
            await client.post(me.proxied, json={"title": "Too late"})
        restored = await run_todo("restore", str(folder / "kept"), "--json", settings=settings_for(bare_database))
        async with serving(bare_database) as service, service.client() as client:
            with_the_old_token = await client.get(me.tasks, headers=me.bearer)
            await client.post("/api/auth/login", json={"email": me.email, "password": PASSWORD})
            tasks = (await client.get(me.proxied)).json()

        assert (saved.code, restored.code) == (0, 0), restored.err
        assert json.loads(restored.out)["left_out"] == ["table session, 1 rows"]
        assert with_the_old_token.status_code == 401
        assert [task["title"] for task in tasks] == ["Kept"]

    async def test_a_restoration_that_is_refused_is_one_line(self, empty_database: str, folder: Path) -> None:
        (folder / "kept").write_text("no backup")

        told = await run_todo("restore", str(folder / "kept"), settings=settings_for(empty_database))

        assert (told.code, told.out) == (1, "")
        assert told.err == f"todo: {folder / 'kept'} is no backup of this program, or it is damaged\n"

    async def test_on_a_terminal_a_backup_shows_how_far_it_is(self, empty_database: str, folder: Path) -> None:
        async with store_at(empty_database) as store:
            await keep(store, a_user(ADA))

        shown = await asyncio.to_thread(on_a_terminal, "backup", str(folder / "kept"), database=empty_database)

        assert "1/1" in shown
        assert (folder / "kept").exists()

    async def test_maintenance_clears_away_what_is_over(self, empty_database: str) -> None:
        async with store_at(empty_database) as store:
            await keep(
                store,
                a_user(ADA),
                a_session(ADA, at=datetime.now(UTC) - timedelta(days=8)),
                a_session(ADA, at=datetime.now(UTC)),
            )

        told = await run_todo("maintenance", "--json", settings=settings_for(empty_database))

        assert json.loads(told.out)["cleared"]["sessions"] == 1
        async with store_at(empty_database) as store:
            assert len(await store.sessions.of(ADA)) == 1

    async def test_who_is_signed_out_by_the_operator_is_so_at_once(self, empty_database: str) -> None:
        async with serving(empty_database) as service, service.client() as client:
            me, other = await signed_up(client), await signed_up(client)
            one = await run_todo("sessions", "end", "--email", me.email, settings=settings_for(empty_database))
            answers = [await client.get(person.tasks, headers=person.bearer) for person in (me, other)]
            everybody = await run_todo("sessions", "end", "--all", "--yes", settings=settings_for(empty_database))
            answers += [await client.get(other.tasks, headers=other.bearer)]

        assert (one.out, everybody.out) == (
            f"{me.email} is signed out everywhere\n",
            "everybody is signed out (1 sessions)\n",
        )
        assert [answer.status_code for answer in answers] == [401, 200, 401]


def on_a_terminal(*arguments: str, database: str) -> str:
    """What is shown to somebody who sits there."""
    here, there = os.openpty()
    with subprocess.Popen(
        [TODO, *arguments],
        env=surroundings(settings_for(database)) | {"TERM": "xterm", "COLUMNS": "100"},
        stdin=there,
        stdout=there,
        stderr=there,
        start_new_session=True,
    ) as process:
        os.close(there)
        shown = b""
        while True:
            try:
                piece = os.read(here, 4096)
            except OSError:  # Linux says so when the other end is closed
                break
            if not piece:
                break
            shown += piece
        process.wait(PATIENCE)
    os.close(here)
    assert process.returncode == 0, shown
    return shown.decode()


class TestTheDoctor:
    async def test_it_finds_what_is_wrong_with_a_database_of_the_tests(self, bare_database: str) -> None:
        told = await run_todo("doctor", "--json", settings=settings_for(bare_database))

        findings = json.loads(told.out)["findings"]
        to_mend = {finding["subject"] for finding in findings if finding["level"] == "mend"}
        assert told.code == 1
        assert {"tables", "role"} <= to_mend
        assert all(finding["mend"] for finding in findings if finding["level"] == "mend")

    async def test_settings_that_are_wrong_are_each_a_finding(self) -> None:
        told = await run_todo("doctor", settings={"TODO_PORT": "http", "DATABASE_URL": "mysql://"})

        assert told.code == 78
        assert "TODO_PORT must be a number" in told.out
        assert "DATABASE_URL must begin with postgresql://" in told.out

    async def test_a_database_that_is_away_is_told_after_what_is_known(self) -> None:
        told = await run_todo("doctor", settings=settings_for("postgresql://todo:hidden@127.0.0.1:1/todo"))

        assert told.code == 69
        assert "good  settings" in told.out
        assert "PostgreSQL at 127.0.0.1:1/todo takes no connections: nobody listens there\n" in told.out
        assert "hidden" not in told.out + told.err

    async def test_nothing_is_changed_by_looking(self, bare_database: str) -> None:
        await run_todo("doctor", settings=settings_for(bare_database))

        connection = await connect(bare_database)
        try:
            assert (
                await connection.fetchval("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
                == 0
            )
        finally:
            await connection.close()


class TestTheRoles:
    """`deploy/roles.sql`, with names of this run's own: roles belong to the whole server."""

    @pytest_asyncio.fixture(loop_scope="session")
    async def prefix(self, bare_database: str, way_in: str, database_server: str) -> AsyncIterator[str]:
        if way_in != database_server:
            pytest.skip("the pooler of the tests makes everybody the same user")
        prefix = f"t{uuid4().hex[:12]}"
        await execute(bare_database, (DEPLOY / "roles.sql").read_text().replace("todo_", f"{prefix}_"))
        try:
            yield prefix
        finally:
            await execute(bare_database, f"DROP OWNED BY {prefix}_app; DROP OWNED BY {prefix}_owner")
            await execute(bare_database, f"DROP ROLE {prefix}_app; DROP ROLE {prefix}_owner")

    async def test_the_service_works_with_the_least_rights_and_cannot_do_more(
        self, bare_database: str, prefix: str
    ) -> None:
        owner, app = (bare_database.replace("//postgres", f"//{prefix}_{role}") for role in ("owner", "app"))
        refused = await run_todo("db", "upgrade", settings=settings_for(app))
        migrated = await run_todo("db", "upgrade", settings=settings_for(owner))
        async with serving(app, "--no-migrate") as service, service.client() as client:
            me = await signed_up(client)
            made = await client.post(me.proxied, json={"title": "With few rights"})
        doctor = await run_todo("doctor", settings=settings_for(app))
        listed = await run_todo("user", "list", settings=settings_for(app))
        cleared = await run_todo("maintenance", settings=settings_for(app))

        assert (refused.code, refused.err.count("\n")) == (1, 1)
        assert "Do this as the owner of the tables" in refused.err
        assert (migrated.code, made.status_code, listed.code, cleared.code) == (0, 201, 0, 0)
        assert f"good  role        {prefix}_app may do what the service does" in doctor.out
        connection = await connect(app)
        try:
            for forbidden in (
                "CREATE TABLE mine (id int)",
                "ALTER TABLE tasks ADD COLUMN mine int",
                "DROP TABLE tasks",
                "TRUNCATE tasks",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(forbidden)
        finally:
            await connection.close()

    async def test_a_backup_comes_back_into_a_new_database_once_the_roles_are_told_there(
        self, database_server: str, bare_database: str, prefix: str, folder: Path
    ) -> None:
        def url(database: str, role: str) -> str:
            return beside(bare_database, database).replace("//postgres", f"//{prefix}_{role}")

        here = urlsplit(bare_database).path.strip("/")
        await run_todo("db", "upgrade", settings=settings_for(url(here, "owner")))
        creation = ("user", "create", "ada@example.com", "--password-stdin")
        await run_todo(*creation, stdin=PASSWORD, settings=settings_for(url(here, "app")))
        await run_todo("backup", str(folder / "kept"), settings=settings_for(url(here, "owner")))
        restore = ("restore", str(folder / "kept"))
        async with fresh_database(database_server) as new:
            refused = await run_todo(*restore, settings=settings_for(url(new, "owner")))
            roles = (DEPLOY / "roles.sql").read_text().replace("todo_", f"{prefix}_")
            await execute(beside(database_server, new), roles)
            restored = await run_todo(*restore, settings=settings_for(url(new, "owner")))
            listed = await run_todo("user", "list", settings=settings_for(url(new, "app")))
            checked = await run_todo("db", "check", settings=settings_for(url(new, "owner")))

        assert refused.code == 1
        assert "permission denied for schema public" in refused.err
        assert (restored.code, listed.code, checked.code) == (0, 0, 0)
        assert listed.out.startswith("ada@example.com ")

    async def test_a_table_that_is_closed_to_the_role_is_found(self, bare_database: str, prefix: str) -> None:
        owner, app = (bare_database.replace("//postgres", f"//{prefix}_{role}") for role in ("owner", "app"))
        await run_todo("db", "upgrade", settings=settings_for(owner))
        await execute(bare_database, f"REVOKE DELETE ON tasks FROM {prefix}_app")
        await execute(bare_database, f"REVOKE ALL ON SEQUENCE tasks_id_seq FROM {prefix}_app")

        doctor = await run_todo("doctor", settings=settings_for(app))

        assert f"{prefix}_app may not work on: tasks, tasks_id_seq\n" in doctor.out

    @pytest.mark.skipif(PSQL is None, reason="there is no psql here")
    async def test_compose_gives_them_their_passwords_and_no_command_line_holds_one(
        self, bare_database: str, prefix: str, folder: Path
    ) -> None:
        passwords = {"owner": r"it's \o' $1 \"", "app": "`id`; :'owner'"}
        for role, password in passwords.items():
            (folder / f"{role}_password").write_text(password)
        script = (DEPLOY / "compose-passwords.sh").read_text()
        script = script.replace("/run/secrets", str(folder)).replace("todo_", f"{prefix}_")
        (folder / "psql").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{folder}/arguments\nexec {PSQL} "$@"\n')
        (folder / "psql").chmod(0o755)
        server = urlsplit(bare_database)
        given = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "PGHOST": server.hostname or parse_qs(server.query)["host"][0],
            "PGPORT": str(server.port or 5432),
            "PGPASSWORD": server.password or "",
            "POSTGRES_USER": server.username or "",
            "POSTGRES_DB": server.path.strip("/"),
        }
        done = await asyncio.to_thread(
            subprocess.run, ["sh", "-c", script], env=given, capture_output=True, text=True, timeout=PATIENCE
        )
        connection = await connect(bare_database)
        try:
            rows = await connection.fetch(
                "SELECT rolname, rolpassword FROM pg_authid WHERE starts_with(rolname, $1)", prefix
            )
        finally:
            await connection.close()
        kept = {row["rolname"].removeprefix(f"{prefix}_"): row["rolpassword"] for row in rows}

        assert (done.returncode, done.stderr) == (0, "")
        assert all(is_kept_as(kept[role], password) for role, password in passwords.items())
        assert not any(password in (folder / "arguments").read_text() for password in passwords.values())


def is_kept_as(verifier: str, password: str) -> bool:
    """Whether `SCRAM-SHA-256$rounds:salt$StoredKey:ServerKey` is of this password (RFC 5802, 3)."""
    _, rounds_and_salt, keys = verifier.split("$")
    rounds, _, salt = rounds_and_salt.partition(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b64decode(salt), int(rounds))
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return stored == b64decode(keys.partition(":")[0])


class TestTheFiles:
    @pytest.mark.skipif(SYSTEMD is None, reason="there is no systemd-analyze here")
    def test_systemd_understands_its_units_and_finds_them_confined(self, folder: Path) -> None:
        program = Path(sysconfig.get_path("scripts")) / "todo"
        units = [DEPLOY / name for name in ("todo.service", "todo-backup.service", "todo-backup.timer")]
        for unit in units:
            (folder / unit.name).write_text(unit.read_text().replace("/opt/todo/bin/todo", str(program)))

        names = [str(folder / unit.name) for unit in units]
        understood = said(SYSTEMD or "", "verify", "--man=no", *names)
        confined = said(SYSTEMD or "", "security", "--offline=true", "--threshold=20", *names[:2])

        assert understood == (0, "")
        assert confined[0] == 0, confined[1]

    @pytest.mark.skipif(NGINX is None or OPENSSL is None, reason="there is no nginx, or no openssl, here")
    def test_nginx_understands_its_configuration(self, folder: Path) -> None:
        key, certificate = folder / "privkey.pem", folder / "fullchain.pem"
        made = said(
            OPENSSL or "", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=todo.example.com",
            "-keyout", str(key), "-out", str(certificate),
        )  # fmt: skip
        snippet = re.sub(r"/etc/letsencrypt/live/todo\.example\.com", str(folder), (DEPLOY / "nginx.conf").read_text())
        (folder / "todo.conf").write_text(snippet)
        (folder / "nginx.conf").write_text(
            f"pid {folder}/nginx.pid; error_log stderr; events {{}}"
            f" http {{ access_log off; include {folder}/todo.conf; }}"
        )

        code, told = said(NGINX or "", "-t", "-q", "-c", str(folder / "nginx.conf"), "-p", str(folder))

        assert made[0] == 0, made[1]
        assert (code, "emerg" in told, "warn" in told) == (0, False, False), told

    def test_the_secrets_of_compose_are_made_once_and_taken_by_the_service(self, folder: Path) -> None:
        script = str(DEPLOY / "make-secrets.sh")
        made = said("sh", script, str(folder / "secrets"))
        before = {file.name: file.read_text() for file in (folder / "secrets").iterdir()}
        again = said("sh", script, str(folder / "secrets"))
        after = {file.name: file.read_text() for file in (folder / "secrets").iterdir()}
        settings = Settings.read(
            {
                "DATABASE_URL_FILE": str(folder / "secrets" / "app_url"),
                "BETTER_AUTH_SECRET_FILE": str(folder / "secrets" / "better_auth_secret"),
            }
        )

        assert (made[0], again[0]) == (0, 0)
        assert before == after
        assert settings.database_url == f"postgresql://todo_app:{after['app_password']}@db/todo"
        assert settings.secret == after["better_auth_secret"]
        assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700


def said(*command: str) -> tuple[int, str]:
    """The exit code, and everything that was said."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout + done.stderr
