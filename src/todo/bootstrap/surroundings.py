"""What is set: the environment of the process, over what a file `.env` in the working directory says."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from todo.config import SettingsInvalid

ENV_FILE: Final = Path(".env")
HOW_TO_WRITE: Final = "write NAME=value, or # before what is no setting"


@dataclass(frozen=True, slots=True)
class EnvFile:
    values: Mapping[str, str]
    unread: Sequence[int] = ()
    """Lines, from 1, that say nothing: they can hold secrets, so nobody is shown what stands there."""

    @property
    def complaint(self) -> str:
        """Of the lines that cannot be read, blank when there are none."""
        if not self.unread:
            return ""
        if len(self.unread) == 1:
            return f"line {self.unread[0]} of .env cannot be read, and has no effect"
        return f"lines {', '.join(map(str, self.unread))} of .env cannot be read, and have no effect"


def environment(file: EnvFile | None = None) -> Mapping[str, str]:
    """Everything that is set. Raises `SettingsInvalid`."""
    return {**(file or env_file()).values, **os.environ}


def env_file() -> EnvFile:
    """What `.env` says, or nothing where there is none. Raises `SettingsInvalid` when it is no text."""
    if not (ENV_FILE.is_file() or ENV_FILE.is_fifo()):
        return EnvFile({})
    try:
        content = ENV_FILE.read_bytes()
    except OSError as error:
        raise SettingsInvalid([f".env cannot be read: {error.strerror}"]) from error
    try:
        text = content.decode("utf-8-sig")  # Windows begins a text with a mark
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsInvalid([f".env is no text in UTF-8, as line {line} shows: save it as UTF-8"]) from None
    lines = [*parse_stream(StringIO(text))]
    readable = "".join(line.original.string for line in lines if not line.error)
    given = dotenv_values(stream=StringIO(readable))
    return EnvFile(
        {name: value for name, value in given.items() if value is not None},
        [_number(line) for line in lines if line.error],
    )


def _number(line: Binding) -> int:
    """Empty lines before it are counted with it."""
    before = line.original.string[: -len(line.original.string.lstrip())]
    return line.original.line + before.count("\n")
