"""The file of a backup: a ZIP archive with a part for each table, and a manifest that vouches for them.

    manifest.json        what it is, of which schema, and each part's columns, rows and SHA-256
    tables/user.copy     rows as COPY writes them in its text format, UTF-8, times in UTC
    …

Any `unzip` opens it. Parts are written and read as streams, so memory does not grow with them.
"""

import hashlib
import json
import lzma
import os
import re
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from typing import IO, Annotated, Final, Literal, Self

import msgspec
from msgspec import Meta

FORMAT: Final = "todo backup"
FORMAT_VERSION: Final = 1
"""Counts up when a program that reads the former one could misunderstand a file."""

MANIFEST: Final = "manifest.json"
LARGEST_MANIFEST: Final = 1024 * 1024
CHUNK: Final = 256 * 1024
STALE: Final = 24 * 60 * 60
"""Seconds after which nobody writes a part any more: who did has been killed."""
UNREADABLE: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
    ArithmeticError, AttributeError, EOFError, LookupError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""What a file that is cut short, changed, encrypted or something else makes the readers say."""

Version = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_]{1,64}\Z")]
Count = Annotated[int, Meta(ge=0)]
Number = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class BackupRefused(Exception):
    """One line for a person: why there is no backup, or why it is not restored."""


class LaterFormat(Exception):
    """A newer program has written it."""

    def __init__(self, version: int) -> None:
        super().__init__(f"is in format {version}, and this program reads up to {FORMAT_VERSION}: use a newer one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows of one table."""

    table: str
    columns: tuple[str, ...]
    rows: Count
    sha256: str

    @property
    def name(self) -> str:
        return f"tables/{self.table}.copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What the file holds. Parts stand in the order in which they can be filled again."""

    schema: Version
    made_at: str = ""
    program: str = ""
    server: str
    parts: tuple[Part, ...]
    sequences: dict[str, Number]
    """The number that each gives next."""
    left_out: tuple[str, ...]

    @property
    def rows(self) -> dict[str, int]:
        return {part.table: part.rows for part in self.parts}

    def as_json(self) -> str:
        return json.dumps({"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}, indent=2)

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Raises `LaterFormat`, or one of `UNREADABLE`."""
        version = msgspec.json.decode(text, type=_Heading).format_version
        if version > FORMAT_VERSION:
            raise LaterFormat(version)
        return msgspec.json.decode(text, type=cls)


class _Heading(msgspec.Struct):
    """What every version of the format begins with."""

    format: Literal["todo backup"]
    format_version: Number


class Writer:
    """Writes beside the file, and puts it in its place when it is whole and on the disk."""

    def __init__(self, file: Path, *, overwrite: bool) -> None:
        """Raises `BackupRefused` for what is no name of a file."""
        if not file.name:
            raise BackupRefused("the backup needs the name of a file")
        self._file = file
        self._fresh = file.with_name(f".{file.name}.{token_hex(4)}.part")
        self._overwrite = overwrite

    def __enter__(self) -> Self:
        with _told(f"cannot write {self._file}"):
            if self._file.exists() and not self._file.is_file():  # a device, or a pipe, would be gone
                raise BackupRefused(f"{self._file} is no ordinary file: choose another name")
            if self._file.exists() and not self._overwrite:
                raise BackupRefused(f"{self._file} is there already: choose another name, or say --overwrite")
            handle = os.open(self._fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            self._output = os.fdopen(handle, "w+b")
        self._archive = zipfile.ZipFile(self._output, "w", zipfile.ZIP_DEFLATED)
        _clear_stale(self._file)
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            for closing in (self._archive, self._output):
                with suppress(OSError, ValueError):  # a full disk is full for the last words, too
                    closing.close()
        finally:
            self._fresh.unlink(missing_ok=True)

    @contextmanager
    def part(self, table: str, columns: tuple[str, ...]) -> Iterator["PartWriter"]:
        with (
            _told(f"cannot write {self._file}"),  # the last rows of a part are written as it is closed
            self._archive.open(f"tables/{table}.copy", "w", force_zip64=True) as output,
        ):
            yield PartWriter(output, table, columns, file=self._file)

    def finish(self, manifest: Manifest) -> None:
        """Only now there is a backup."""
        with _told(f"cannot write {self._file}"):
            self._archive.writestr(MANIFEST, manifest.as_json())
            self._archive.close()
            self._output.flush()
            os.fsync(self._output.fileno())
            self._fresh.replace(self._file)
            folder = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


class PartWriter:
    def __init__(self, output: IO[bytes], table: str, columns: tuple[str, ...], *, file: Path) -> None:
        self._output = output
        self._file = file
        self._table = table
        self._columns = columns
        self._digest = hashlib.sha256()
        self.rows = 0

    def write(self, rows: bytes) -> None:
        """In the text format a row ends at a line's end, and holds none."""
        with _told(f"cannot write {self._file}"):
            self._output.write(rows)
        self._digest.update(rows)
        self.rows += rows.count(b"\n")

    @property
    def part(self) -> Part:
        return Part(table=self._table, columns=self._columns, rows=self.rows, sha256=self._digest.hexdigest())


class Reader:
    """Raises `BackupRefused` for what is no whole backup."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Self:
        with ExitStack() as stack, self._understood():
            self._archive = stack.enter_context(zipfile.ZipFile(self._file))
            if self._archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
                raise ValueError("no manifest is as long")
            self.manifest = Manifest.from_json(self._archive.read(MANIFEST))
            stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._archive.close()

    def verify(self, part: Part) -> Iterator[int]:
        """Reads the whole part, and says after each piece how many rows have been read."""
        digest = hashlib.sha256()
        rows = 0
        for chunk in self.chunks(part):
            digest.update(chunk)
            rows += chunk.count(b"\n")
            yield rows
        if (digest.hexdigest(), rows) != (part.sha256, part.rows):
            raise BackupRefused(f"{self._file} is damaged: the rows of {part.table} are not those that were kept")

    def chunks(self, part: Part) -> Iterator[bytes]:
        with self._understood(), self._archive.open(part.name) as rows:
            while chunk := rows.read(CHUNK):
                yield chunk

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            with _told(f"cannot read {self._file}"):
                yield
        except LaterFormat as error:
            raise BackupRefused(f"{self._file} {error}") from error
        except UNREADABLE as error:
            raise BackupRefused(f"{self._file} is no backup of this program, or it is damaged") from error


def _clear_stale(file: Path) -> None:
    """Takes away what writers of this file that were killed have left: it holds password hashes."""
    of_ours = re.compile(rf"\.{re.escape(file.name)}\.[0-9a-f]{{8}}\.part")
    with suppress(OSError):
        for found in file.parent.iterdir():
            if of_ours.fullmatch(found.name) and found.lstat().st_mtime < time.time() - STALE:
                found.unlink()


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupRefused(f"{what}: {error.strerror or error}") from error
