"""A PostgreSQL server of one's own: started, shared and stopped without an account, a password or a TCP port.

    with EmbeddedPostgres(directory) as server:  # in any number of processes at once
        connect(server.url)

Three locks in the directory hold the truth, because the kernel drops a process's locks however it dies:

- `users.lock` is shared by all who use the server. The keeper, a small process of its own, stops the server once it
  gets this lock for itself: the server neither outlives its users nor leaves one of them.
- `start.lock` is held while looking whether there is a server, so that only one is started.
- `server.lock` is inherited by the server and its children: while one of them lives, no other touches the data.
"""

import fcntl
import hashlib
import os
import re
import select
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self
from urllib.parse import quote, urlencode

from todo.adapters.postgres import keeper
from todo.adapters.postgres.keeper import STOP_PATIENCE, took
from todo.adapters.postgres.server_programs import (
    PACKAGE,
    EmbeddedPostgresError,
    account_for,
    closed_folder,
    complaint,
    find_binaries,
    is_root,
    run,
)

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "default_directory"]

PORT = "5432"
SOCKET = f".s.PGSQL.{PORT}"
LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes on Linux, 103 on macOS
LARGEST_LOG = 10 * 1024 * 1024
PAUSE = 0.02
FIRST_WITH_OWN_LOCALES = 17
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": PORT,
    "max_connections": "100",
    "log_checkpoints": "off",
    "log_min_messages": "log",  # statements that fail would fill the disk, with people's addresses in their details
}

CLIENT = {
    "port": PORT, "sslmode": "disable", "sslnegotiation": "postgres",
    "target_session_attrs": "any", "gsslib": "gssapi", "passfile": "/dev/null/none",
}  # fmt: skip
"""What a client would otherwise take from `PGPORT`, `PGSSLMODE` and their like, which are about another server."""


class EmbeddedPostgres:
    """Keeps everything in `directory`. What is committed survives a power cut, unless `settings` say otherwise."""

    def __init__(
        self, directory: Path, *, settings: Mapping[str, str] | None = None, binaries: Path | None = None
    ) -> None:
        self._binaries = binaries
        self.directory = directory.resolve()
        self.log_file = self.directory / "postgres.log"
        self._sockets = _socket_folder(self.directory)
        self._settings = {**SETTINGS, "unix_socket_directories": str(self._sockets), **(settings or {})}
        self._account = account_for(self.directory)
        self._users: BinaryIO | None = None

    @property
    def url(self) -> str:
        """Leads here, whatever the environment says of other servers."""
        return f"postgresql://postgres@/postgres?{urlencode({'host': str(self._sockets), **CLIENT}, quote_via=quote)}"

    def require_possible(self) -> None:
        """Raises `EmbeddedPostgresError` where there is no PostgreSQL, or where it could not work. Changes nothing."""
        find_binaries(self._binaries)
        self._require_way()

    def start(self, timeout: float = 60) -> Self:
        """Joins the running server, or starts one. Called again, it brings back a server that has died."""
        try:
            self._join(deadline=time.monotonic() + timeout)
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise EmbeddedPostgresError(
                    f"Cannot keep the database in {self.directory} ({error.strerror or 'copying failed'}): choose a "
                    "folder that can be written and has room (TODO_DATA_DIR), or another server (DATABASE_URL)."
                ) from error
            raise
        return self

    def close(self, *, wait: bool = False) -> None:
        """Lets go; the server stops when nobody is left. With `wait`, returns when it has stopped or others use it."""
        if self._users:
            self._users.close()
            self._users = None
            if wait:
                self._wait_until_stopped()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _join(self, deadline: float) -> None:
        self._claim_directory()
        self._users = self._users or self._open("users.lock")
        self._lock(self._users, fcntl.LOCK_SH, deadline)
        self._claim_socket_folder()
        with self._open("start.lock") as gate, self._open("server.lock") as server_lock:
            self._lock(gate, fcntl.LOCK_EX, deadline)
            while not self._answers():
                if took(server_lock, fcntl.LOCK_EX):
                    self._bring_up(server_lock.fileno(), deadline)
                    break
                self._pause(deadline)  # for a server that lost its starter or its keeper to start, or to stop

    def _require_way(self) -> None:
        self._account = account_for(self.directory)
        if is_root() and (closed := closed_folder(self.directory.parent, self._account)):
            raise EmbeddedPostgresError(
                f"Started by root, PostgreSQL runs as user {self._account['user']}, who may not enter {closed}: "
                "choose a folder elsewhere, such as /var/lib/todo (TODO_DATA_DIR)."
            )

    def _claim_directory(self) -> None:
        self._require_way()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        strange = any(entry.is_dir() and entry.name != "lost+found" for entry in self.directory.iterdir())
        if strange and not (self.directory / "users.lock").exists():  # a mistyped path must not take /var/lib for ours
            raise EmbeddedPostgresError(f"{self.directory} holds other things: choose an empty folder (TODO_DATA_DIR).")
        self._own(self.directory)

    def _claim_socket_folder(self) -> None:
        """Whose folder this is can pose as the server, and in /tmp anybody may have been there first."""
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        found = self._sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), self._account["user"]}:
            raise EmbeddedPostgresError(f"{self._sockets} is not ours: remove it, or choose another TODO_DATA_DIR.")
        self._own(self._sockets)

    def _own(self, folder: Path) -> None:
        if is_root() or folder.stat().st_uid == os.geteuid():  # a mounted volume may be ours to write in only
            os.chown(folder, self._account["user"], self._account["group"])
            folder.chmod(0o700)

    def _answers(self) -> bool:
        """The pid file's last word counts only with a socket that takes connections: a crash leaves the word behind."""
        for pid_file in self.directory.glob("data-*/postmaster.pid"):
            with suppress(FileNotFoundError), socket.socket(socket.AF_UNIX) as probe:
                if pid_file.read_bytes().rstrip().endswith(b"ready"):
                    return probe.connect_ex(str(self._sockets / SOCKET)) == 0
        return False

    def _bring_up(self, server_lock: int, deadline: float) -> None:
        binaries = self._reachable(find_binaries(self._binaries))
        major = re.sub(r"\D*(\d+).*\s*", r"\1", run([binaries / "postgres", "--version"], self._account))
        data = self.directory / f"data-{major}"
        if not data.exists():
            self._initialise(data, binaries, server_lock)
        _forget_dead_server(data)
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        self._start_keeper([str(binaries / "postgres"), "-D", str(data), *options], server_lock, deadline)

    def _reachable(self, binaries: Path) -> Path:
        """The binaries, copied if root has them in a virtual environment that nobody else may enter, as under /root."""
        package = binaries.parents[1]
        if package.name != PACKAGE or not is_root() or not closed_folder(binaries, self._account):
            return binaries
        copy = self.directory / f"server-{(binaries / 'postgres').stat().st_mtime_ns}"
        if not copy.exists():
            for outdated in self.directory.glob("server-*/"):
                shutil.rmtree(outdated)
            fresh = self.directory / "server-new"
            unneeded = shutil.ignore_patterns("include", "pgxs", "*.a", "__pycache__")
            for folder in (package, *package.parent.glob(f"{PACKAGE}.libs")):
                shutil.copytree(folder, fresh / folder.name, symlinks=True, ignore=unneeded)
            for path in (fresh, *fresh.rglob("*")):
                os.chown(path, self._account["user"], self._account["group"], follow_symlinks=False)
            fresh.rename(copy)
        return copy / binaries.relative_to(package.parent)

    def _initialise(self, data: Path, binaries: Path, server_lock: int) -> None:
        """Gives the cluster its name once it is whole: an interrupted start leaves nothing that looks like one."""
        for other in self.directory.glob("data-*"):  # starting anew beside it would look as if everything were lost
            raise EmbeddedPostgresError(
                f"{self.directory} holds {other.name}, but the PostgreSQL found here makes {data.name}: install the "
                "former version again, or dump the data with it and restore them into another TODO_DATA_DIR."
            )
        fresh = self.directory / "new-data"
        if fresh.exists():
            shutil.rmtree(fresh)
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-k"]
        if int(data.name.removeprefix("data-")) >= FIRST_WITH_OWN_LOCALES:
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        run([binaries / "initdb", "-D", fresh, *options], self._account, inherit=server_lock)
        fresh.rename(data)

    def _start_keeper(self, server: Sequence[str], server_lock: int, deadline: float) -> None:
        if self.log_file.exists() and self.log_file.stat().st_size > LARGEST_LOG:
            self.log_file.rename(self.log_file.with_suffix(".log.1"))
        account = [str(self._account["user"]), str(self._account["group"])]
        with (
            self._open(self.log_file.name) as log,
            subprocess.Popen(  # noqa: S603  a file of ours
                [sys.executable, "-I", "-S", keeper.__file__, str(self.directory), *account, str(server_lock), *server],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=[server_lock],
                start_new_session=True,
                cwd="/",
            ) as starter,
        ):
            known = log.tell()
            while not self._answers():
                # Only the keeper has the other end of the pipe, and it goes when the server has gone.
                if starter.stdout and select.select([starter.stdout], [], [], 0)[0]:
                    reason = complaint(self.log_file.read_bytes()[known:].decode(errors="replace"))
                    raise EmbeddedPostgresError(f"The embedded PostgreSQL did not start: {reason} ({self.log_file})")
                self._pause(deadline)

    def _wait_until_stopped(self) -> None:
        deadline = time.monotonic() + STOP_PATIENCE + 5
        with self._open("server.lock") as server_lock, self._open("users.lock") as users:
            while not took(server_lock, fcntl.LOCK_EX) and time.monotonic() < deadline:
                if took(users, fcntl.LOCK_SH) and not took(users, fcntl.LOCK_EX):
                    return  # in use, and not by us
                fcntl.flock(users, fcntl.LOCK_UN)
                time.sleep(PAUSE)

    def _lock(self, file: BinaryIO, kind: int, deadline: float) -> None:
        while not took(file, kind):
            self._pause(deadline)

    def _pause(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"The embedded PostgreSQL is still starting, stopping or recovering: try again later ({self.log_file})"
            )
        time.sleep(PAUSE)

    def _open(self, name: str) -> BinaryIO:
        """Never through a link: root opens these in a folder of another account."""
        handle = os.open(self.directory / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if is_root() and os.fstat(handle).st_nlink == 1:
            os.fchown(handle, self._account["user"], self._account["group"])
        return os.fdopen(handle, "ab")


def default_directory(environment: Mapping[str, str]) -> Path:
    """Where this person's data are kept, unless they say otherwise in TODO_DATA_DIR."""
    if chosen := environment.get("TODO_DATA_DIR"):
        return Path(chosen).expanduser()
    if is_root():
        return Path("/var/lib/todo")
    if shared := environment.get("XDG_DATA_HOME"):
        return Path(shared) / "todo"
    home = Path(environment.get("HOME") or Path.home())
    return home / ("Library/Application Support" if sys.platform == "darwin" else ".local/share") / "todo"


def _socket_folder(directory: Path) -> Path:
    folder = directory / "run"
    path = os.fsencode(folder / SOCKET)
    if len(path) <= LONGEST_SOCKET_PATH and path.isascii() and b"," not in path:  # a comma would separate two hosts
        return folder
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path("/tmp") / f"todo-{name}"  # noqa: S108  short, the same for everybody, and checked to be ours


def _forget_dead_server(data: Path) -> None:
    """After a crash PostgreSQL refuses a pid file that is empty, or whose number is another program's by now.

    As `server.lock` is free, only a server that somebody started by hand can own it; that one is left alone.
    """
    pid_file = data / "postmaster.pid"
    with suppress(OSError):  # no such file, or no such process: nothing to do
        pid = re.match(rb"-?(\d+)\n", pid_file.read_bytes())
        if not pid or Path(f"/proc/{int(pid[1])}/cwd").readlink() != data:
            pid_file.unlink()
