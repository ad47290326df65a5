"""The folder of the embedded database: the server's data, and the secret that belongs to them."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from todo.adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from todo.bootstrap.doctor import SETTINGS_ARE_WRONG
from todo.config import secret_fault
from todo.entrypoints.cli.tools import Problem


@contextmanager
def own_server(directory: Path) -> Iterator[EmbeddedPostgres]:
    """Runs inside; once it is left by everybody, it has stopped. Raises `Problem`."""
    server = EmbeddedPostgres(directory / "postgres")
    try:
        server.start()
    except EmbeddedPostgresError as error:
        raise Problem(str(error)) from error
    try:
        yield server
    finally:
        server.close(wait=True)


def is_set_up(directory: Path) -> bool:
    """Whether a server has ever been started there. Raises `Problem` where nobody lets us look."""
    with _told(directory):
        data = directory / "postgres"
        return data.is_dir() and any(entry.name.startswith("data-") for entry in data.iterdir())


def require_possible(directory: Path) -> None:
    """Raises `Problem` where no server could be set up. Changes nothing."""
    _require_free(directory)
    with _told(directory):
        there = next(folder for folder in (directory, *directory.parents) if folder.exists())
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "")
        if not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "")
    try:
        EmbeddedPostgres(directory / "postgres").require_possible()
    except EmbeddedPostgresError as error:
        raise Problem(str(error)) from error


def data_directory(directory: Path) -> Path:
    """Ours alone; but root's must be passed through by the account that the database runs as."""
    _require_free(directory)
    with _told(directory):
        directory.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
    return directory


def _require_free(directory: Path) -> None:
    """A mistyped path must not take somebody's folder for ours."""
    with _told(directory):
        if not directory.is_dir() or (directory / "postgres").exists():
            return
        if any(entry.name not in {"secret", "lost+found"} for entry in directory.iterdir()):
            raise Problem(f"{directory} holds other things: choose an empty folder with TODO_DATA_DIR")


@contextmanager
def _told(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Problem(
            f"cannot make {directory}: {os.strerror(error.errno or 0)}. Choose another place with TODO_DATA_DIR"
        ) from error


def kept_secret(file: Path) -> Path:
    """The file of the secret beside the data, made on the first start. Of several who make it at once, one is kept."""
    try:
        if not file.exists():
            fresh = file.with_name(f"{file.name}.{os.getpid()}")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
                output.write(secrets.token_hex(32) + "\n")
                output.flush()
                os.fsync(output.fileno())
            with suppress(FileExistsError):
                os.link(fresh, file)
            fresh.unlink()
        secret = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"cannot read or make the secret {file}: {error}", exit_code=SETTINGS_ARE_WRONG) from error
    if fault := secret_fault(secret):
        raise Problem(f"the secret in {file} {fault}", exit_code=SETTINGS_ARE_WRONG)
    return file
