"""What the figures were measured on."""

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from benchmarks import packages

HERE = ("litestar", "uvicorn", "uvloop", "httptools", "asyncpg", "msgspec", "pyjwt", "sqlalchemy")
THERE = ("fastapi", "starlette", "pydantic", "sqlmodel", "sqlalchemy", "asyncpg", "psycopg")


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        name = platform.platform()
    return f"{name}, {platform.machine()}, {platform.python_implementation()} {platform.python_version()}"


def packages_here() -> str:
    return _listed((name, version(name)) for name in HERE)


def packages_of_peers() -> str:
    program = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    said = subprocess.run(
        [packages.PEERS.python, "-c", program, *THERE], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    return _listed(zip(THERE, said.split(), strict=True))


def _listed(versions: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions)
