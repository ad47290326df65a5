"""Packages beside those of the service, each set in a `.venv` of its own that is made when needed."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path


class Packages:
    """What `requirements.lock` in a folder pins, installed in `.venv` beside it."""

    def __init__(self, folder: Path) -> None:
        self._lock = folder / "requirements.lock"
        self._venv = folder / ".venv"
        self.bin = self._venv / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / "python"

    def install(self) -> None:
        """Brings the packages to what the lock says, for the Python that runs this."""
        pins = hashlib.sha256(self._lock.read_bytes() + sys.version.encode()).hexdigest()
        installed = self._venv / ".pins"
        if installed.exists() and installed.read_text() == pins:
            return
        pinned = ("--require-hashes", "-r", str(self._lock))
        if uv := shutil.which("uv"):
            environment = {"UV_SYSTEM_CERTS": "1"} | os.environ
            run([uv, "venv", "-q", "--clear", "--python", sys.executable, str(self._venv)], environment)
            run([uv, "pip", "install", "-q", "--compile-bytecode", "-p", str(self.python), *pinned], environment)
        else:
            run([sys.executable, "-m", "venv", "--clear", str(self._venv)])
            run([str(self.python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *pinned])
        installed.write_text(pins)


PEERS = Packages(Path(__file__).parent)
"""Those of the peers F and S, and the profiler."""


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, env=environment, check=True, timeout=600, stdout=sys.stderr)
