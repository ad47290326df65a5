"""The folder of the embedded database: the server's data, and the secret that belongs to them."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from todo.adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from todo.bootstrap.doctor import SETTINGS_ARE_WRONG
from todo.config import secret_fault
from todo.entrypoints.cli.tools import Problem


def started(directory: Path) -> EmbeddedPostgres:
    try:
        return EmbeddedPostgres(directory).start()
    except EmbeddedPostgresError as error:
        raise Problem(str(error)) from error


def data_directory(directory: Path) -> Path:
    """Ours alone; but root's must be passed through by the account that the database runs as."""
    if directory.is_dir() and not (directory / "postgres").exists():
        strange = [entry.name for entry in directory.iterdir() if entry.name not in {"secret", "lost+found"}]
        if strange:  # a mistyped path must not take somebody's folder for ours
            raise Problem(f"{directory} holds other things: choose an empty folder with TODO_DATA_DIR")
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise Problem(
            f"cannot make {directory}: {os.strerror(error.errno or 0)}. Choose another place with TODO_DATA_DIR"
        ) from error
    return directory


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
