"""The packages of the peers F and S, and the profiler: in a `.venv` of their own beside this file, made when needed."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
VENV = HERE / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
PINS = VENV / ".pins"
PINNED = ("--require-hashes", "-r", str(LOCK))


def install() -> None:
    """Brings the packages to what the lock says, for the Python that runs this."""
    pins = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if PINS.exists() and PINS.read_text() == pins:
        return
    if uv := shutil.which("uv"):
        environment = {"UV_SYSTEM_CERTS": "1"} | os.environ
        run([uv, "venv", "-q", "--clear", "--python", sys.executable, str(VENV)], environment)
        run([uv, "pip", "install", "-q", "--compile-bytecode", "-p", str(PYTHON), *PINNED], environment)
    else:
        run([sys.executable, "-m", "venv", "--clear", str(VENV)])
        run([str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PINNED])
    PINS.write_text(pins)


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, env=environment, check=True, timeout=600, stdout=sys.stderr)
