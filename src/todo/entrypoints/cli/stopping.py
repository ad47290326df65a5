"""A command that is told to stop while it works clears up behind itself."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from todo.entrypoints.cli.tools import Problem

ORDERS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopped_with(words: str) -> Iterator[None]:
    """Takes SIGTERM and SIGHUP like Ctrl+C, which calls off what runs in a loop; then raises `Problem`.

    What whoever started us ignores is ignored: `nohup` does so with SIGHUP.
    """
    told: list[signal.Signals] = []

    def order(number: int, frame: FrameType | None) -> None:
        told.append(signal.Signals(number))
        as_ctrl_c = signal.getsignal(signal.SIGINT)
        (as_ctrl_c if callable(as_ctrl_c) else signal.default_int_handler)(signal.SIGINT, frame)

    before = {number: signal.getsignal(number) for number in ORDERS}
    ours = [number for number in ORDERS if before[number] is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, order)
    try:
        yield
    except KeyboardInterrupt:
        if not told:
            raise
        raise Problem(f"stopped by {told[0].name}: {words}") from None
    finally:
        for number in ours:
            signal.signal(number, before[number])
