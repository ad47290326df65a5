"""The keeper of an embedded server: a small process that owns it, and stops it when nobody uses it any more.

This file is the keeper's program and is started by its path, so it imports the standard library only.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypedDict

KEEPER_PAUSE = 0.2
STOP_PATIENCE = 30
PR_SET_PDEATHSIG = 1
SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Account(TypedDict):
    """Whom the server runs as, in the words of `subprocess`. PostgreSQL refuses to be root."""

    user: int
    group: int
    extra_groups: list[int] | None


def run_keeper(directory: Path, account: Account, server_lock: int, command: Sequence[str]) -> None:
    """The keeper: owns the server, and stops it when nobody uses it any more."""
    if os.fork():
        os._exit(0)  # whoever started it need not wait for it
    ends_with_keeper = None  # a preexec_fn is safe as long as this process has no other thread
    if sys.platform == "linux":
        # Even kill -9 of the keeper stops the server: the kernel tells it when this thread ends.
        ends_with_keeper = partial(ctypes.CDLL(None).prctl, PR_SET_PDEATHSIG, signal.SIGINT)
    server = subprocess.Popen(  # noqa: S603  made in _bring_up
        command,
        **account,
        preexec_fn=ends_with_keeper,
        pass_fds=[server_lock],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        env=SERVER_ENVIRONMENT,
    )
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # sent to all, while somebody may still be draining
        signal.signal(number, signal.SIG_IGN)
    with (directory / "users.lock").open("ab") as users:
        while server.poll() is None:
            if took(users, fcntl.LOCK_EX):  # and keeps it: newcomers wait until the server is down
                _stop(server)
            else:
                time.sleep(KEEPER_PAUSE)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def took(lock: BinaryIO, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    place, user, group, lock, *program = sys.argv[1:]
    runs_as = Account(user=int(user), group=int(group), extra_groups=[] if os.geteuid() == 0 else None)
    run_keeper(Path(place), runs_as, int(lock), program)
