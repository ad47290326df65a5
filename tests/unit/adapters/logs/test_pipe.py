import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from todo.adapters.logs import pipe as pipes
from todo.adapters.logs.pipe import Pipe

SOON = 5.0
A_MOMENT = 0.5
"""Seconds for thousands of lines: they would take for ever, if anybody waited."""


def a_pipe(descriptor: int, render: Callable[[str], str] = str) -> Pipe[str]:
    made = Pipe(descriptor, render, lost=lambda count: f"lost {count}")
    made.start()
    return made


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    for end in (read, write):
        try:
            os.close(end)
        except OSError:
            continue


def read_all(end: int, until: str) -> list[str]:
    text = b""
    while not text.endswith(until.encode() + b"\n"):
        text += os.read(end, 1 << 20)
    return text.decode().splitlines()


def test_lines_come_out_in_the_order_in_which_they_went_in(ends: tuple[int, int]) -> None:
    read, write = ends
    pipe = a_pipe(write)

    for number in range(100):
        pipe.put(f"line {number}")

    assert pipe.flush(SOON)
    assert read_all(read, "line 99") == [f"line {number}" for number in range(100)]
    pipe.stop(SOON)


def test_what_is_there_at_the_end_is_written(ends: tuple[int, int]) -> None:
    read, write = ends
    pipe = a_pipe(write)
    pipe.put("last words")

    pipe.stop(SOON)

    assert read_all(read, "last words") == ["last words"]


def test_a_reader_that_does_not_read_costs_lines_and_no_time(ends: tuple[int, int]) -> None:
    read, write = ends
    pipe = a_pipe(write)
    begun = time.monotonic()

    for number in range(3 * pipes.ROOM):
        pipe.put(f"{number:050}")
    took = time.monotonic() - begun
    blocked = not pipe.flush(0.3)
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(read_all(read, "the end")))
    reader.start()
    assert pipe.flush(SOON)
    pipe.put("the end")
    reader.join(SOON)
    pipe.stop(SOON)

    lost = [int(line.partition(" ")[2]) for line in lines if line.startswith("lost ")]
    assert took < A_MOMENT
    assert blocked
    assert lost
    assert len([line for line in lines if line.isdecimal()]) + sum(lost) == 3 * pipes.ROOM


def test_the_end_waits_for_nobody(ends: tuple[int, int]) -> None:
    read, write = ends
    pipe = a_pipe(write)
    for _ in range(5_000):
        pipe.put("x" * 100)
    begun = time.monotonic()

    pipe.stop(0.2)
    took = time.monotonic() - begun
    os.close(read)  # the thread is still there, and would write into a later test
    pipe.stop(SOON)

    assert took < 2


def test_a_full_disk_costs_lines_and_is_told_afterwards() -> None:
    read, write = os.pipe()
    full = os.open("/dev/full", os.O_WRONLY)
    place = os.dup(full)
    pipe = a_pipe(place)
    pipe.put("nobody will read this")
    assert not pipe.flush(0.3)

    os.dup2(write, place)

    assert read_all(read, "lost 1") == ["lost 1"]
    pipe.stop(SOON)
    for descriptor in (read, write, full, place):
        os.close(descriptor)


def test_a_line_that_cannot_be_made_keeps_no_other_back(ends: tuple[int, int]) -> None:
    read, write = ends

    def render(entry: str) -> str:
        if entry == "bad":
            raise ValueError(entry)
        return entry

    pipe = a_pipe(write, render)
    for entry in ("good", "bad", "better"):
        pipe.put(entry)

    assert read_all(read, "better") == ["good", "a line of the log could not be made: ValueError", "better"]
    pipe.stop(SOON)


def test_what_goes_into_a_pipe_goes_in_pieces_that_nobody_can_come_between(
    ends: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, write = ends
    pieces: list[bytes] = []
    real = os.write

    def watched(descriptor: int, piece: bytes) -> int:
        pieces.append(piece)
        return real(descriptor, piece)

    monkeypatch.setattr(os, "write", watched)
    pipe = a_pipe(write)
    for number in range(200):
        pipe.put(f"{number:099}")
    assert pipe.flush(SOON)
    pipe.stop(SOON)

    assert len(read_all(read, f"{199:099}")) == 200
    assert all(len(piece) <= pipes.ATOMIC and piece.endswith(b"\n") for piece in pieces)
