"""Mail by SMTP, in the background."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from email.message import EmailMessage
from types import TracebackType
from typing import Final, Self

from aiosmtplib import SMTP, SMTPException

from todo.adapters.mail.faults import is_final, reason
from todo.adapters.mail.rendering import Stationery
from todo.adapters.mail.smtp_server import SmtpServer, Tls
from todo.domain.model.letter import Letter
from todo.domain.ports.mailer import Mailer

log = logging.getLogger("todo.mail")

START_TLS: Final = {Tls.FROM_THE_START: False, Tls.REQUIRED: True, Tls.WHEN_OFFERED: None, Tls.NEVER: False}
"""In aiosmtplib's words. Over TLS already there is nothing to start."""


class SmtpMailer(Mailer):
    """Sends one letter after the other, in the order in which they are posted.

    A letter that fails is tried again after each of `pauses`, and lets others pass meanwhile; one that is refused for
    good is not. At most `room` letters are under way: the next is dropped, and the log says so. All times are seconds:
    `patience` is for one try, `farewell` for all that is under way when the mailer closes.
    """

    def __init__(
        self,
        *,
        server: SmtpServer,
        sender: str,
        link_of: Callable[[Letter], str],
        tls: ssl.SSLContext | None = None,
        pauses: Sequence[float] = (2, 10, 60),
        room: int = 1000,
        patience: float = 20,
        farewell: float = 5,
    ) -> None:
        """Raises `ValueError` for a `sender` that is no address. `tls`: by default the system's authorities decide."""
        self._server = server
        self._stationery = Stationery(sender)
        self._link_of = link_of
        self._tls = tls or ssl.create_default_context()
        self._pauses = tuple(pauses)
        self._room = room
        self._patience = patience
        self._farewell = farewell
        self._under_way: dict[asyncio.Task[None], Letter] = {}
        self._turn = asyncio.Lock()
        self._closing = asyncio.Event()

    @property
    def enabled(self) -> bool:
        return True

    def post(self, letter: Letter) -> None:
        if self._closing.is_set() or len(self._under_way) >= self._room:
            why = "the service stops" if self._closing.is_set() else f"{self._room} letters are waiting already"
            log.error("mail dropped: %s: %s", _about(letter), why)
            return
        delivery = asyncio.create_task(self._deliver(letter))
        self._under_way[delivery] = letter
        delivery.add_done_callback(self._under_way.pop)

    async def close(self) -> None:
        """Gives what is under way one more try each, without pauses, and `farewell` seconds for all of it."""
        self._closing.set()
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=self._farewell)
        for delivery in late:
            log.error("mail dropped: %s: the service stops", _about(self._under_way[delivery]))
            delivery.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _deliver(self, letter: Letter) -> None:
        try:
            message = self._stationery.written(letter, link=self._link_of(letter))
            for attempt, pause in enumerate((*self._pauses, None), start=1):
                last = pause is None or self._closing.is_set()
                try:
                    async with self._turn:
                        await self._send(message, to=letter.to)
                except (SMTPException, OSError) as error:
                    if last or is_final(error):
                        raise
                    log.warning("mail delayed: %s, try %d: %s", _about(letter), attempt, reason(error, letter))
                    await self._pause(pause or 0)
                else:
                    log.info("mail sent: %s", _about(letter))
                    return
        except Exception as error:  # nobody waits for this task: the log is where its end is told
            log.error("mail failed: %s: %s", _about(letter), reason(error, letter))  # noqa: TRY400  it holds secrets

    async def _send(self, message: EmailMessage, *, to: str) -> None:
        client = SMTP(
            hostname=self._server.host,
            port=self._server.port,
            username=self._server.user,
            password=self._server.password,
            use_tls=self._server.tls is Tls.FROM_THE_START,
            start_tls=START_TLS[self._server.tls],
            tls_context=self._tls,
            timeout=self._patience,
        )
        try:
            async with asyncio.timeout(self._patience):
                await client.connect()
                await client.send_message(message, sender=self._stationery.sender, recipients=[to])
            with suppress(SMTPException, OSError):  # it is sent, however the goodbye goes
                await client.quit(timeout=1)
        finally:
            client.close()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()


def _about(letter: Letter) -> str:
    """Which letter, for the log: its purpose and the mail domain, nothing that leads to a person."""
    return f"{letter.purpose.value} to {letter.to.rpartition('@')[2]}"
