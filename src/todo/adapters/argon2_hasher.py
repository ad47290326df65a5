"""Passwords as argon2id, in a few threads of their own."""

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from argon2 import PasswordHasher as Argon2
from argon2 import extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError, VerifyMismatchError

from todo.domain.errors import Busy
from todo.domain.model.user import Password, PasswordHash
from todo.domain.ports.password_hasher import PasswordHasher

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Cost:
    """What one hash costs. The default takes 41 ms of one core here.

    It is above the floor of OWASP's Password Storage Cheat Sheet (19 MiB, two passes), and stays below 32 MiB, from
    where glibc maps and unmaps the memory of each hash anew, which costs us half as much again and an attacker nothing.
    """

    memory_kib: int = 31_744
    passes: int = 2
    lanes: int = 1


DEAREST = Argon2Cost(memory_kib=262_144, passes=10, lanes=16)
VERSIONS = (16, 19)


class Argon2Hasher(PasswordHasher):
    """Hashes in `slots` threads; argon2 releases the GIL. At most `queue` wait; the next is told `Busy` at once.

    `former` verifies hashes that were made in another way, and says `None` to what it does not know.
    """

    def __init__(
        self,
        *,
        cost: Argon2Cost | None = None,
        slots: int = 1,
        queue: int = 100,
        former: Callable[[str, str], bool | None] = lambda _password, _hashed: None,
    ) -> None:
        self._former = former
        cost = cost or Argon2Cost()
        self._argon2 = Argon2(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)
        self._room = slots + queue
        self._inside = 0
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="argon2", initializer=_step_back)
        self._decoy = self._argon2.hash(secrets.token_hex())

    async def hash(self, password: Password) -> PasswordHash:
        return PasswordHash(await self._in_thread(lambda: self._argon2.hash(password)))

    async def verify(self, password: Password, expected: PasswordHash | None) -> bool:
        return await self._in_thread(lambda: self._matches(password, expected))

    def is_outdated(self, hashed: PasswordHash) -> bool:
        return not hashed.startswith("$argon2") or self._argon2.check_needs_rehash(hashed)

    @property
    def inside(self) -> int:
        """Passwords that are being hashed, or wait for it."""
        return self._inside

    def close(self) -> None:
        """Lets the threads end; what is being hashed is finished."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _matches(self, password: Password, expected: PasswordHash | None) -> bool:
        """A hash that is absent, unreadable or too dear costs as much as a good one: the decoy is verified instead."""
        known = self._former(password, expected or "")
        if known is not None:
            return known
        try:
            return self._argon2.verify(_affordable(expected or ""), password)
        except VerifyMismatchError:
            return False
        except (Argon2Error, InvalidHashError, ValueError):
            with suppress(Argon2Error, ValueError):
                self._argon2.verify(self._decoy, password.encode(errors="replace"))
            return False

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        if self._inside >= self._room:
            raise Busy
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._inside -= 1


def _affordable(hashed: str) -> str:
    """The hash, if it asks for no more than any hash of ours ever will: one from elsewhere could ask for all memory."""
    asked = extract_parameters(hashed)
    if asked.version not in VERSIONS or (
        asked.memory_cost > DEAREST.memory_kib or asked.time_cost > DEAREST.passes or asked.parallelism > DEAREST.lanes
    ):
        raise InvalidHashError
    return hashed


def _step_back() -> None:
    """Lets requests go first while people sign in: on Linux a thread has a niceness of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
