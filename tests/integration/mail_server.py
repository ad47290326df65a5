"""A real mail server on loopback, which keeps what it is given, and a log that can be waited for."""

import asyncio
import logging
import os
import shutil
import ssl
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.mailboxes import Arrival

PATIENCE = 20.0
"""Seconds until a test gives up waiting."""


@dataclass(frozen=True)
class Received:
    """A letter as the server got it."""

    sender: str
    to: str
    message: EmailMessage
    secret: bool
    """Whether STARTTLS went before it."""

    @property
    def arrival(self) -> Arrival:
        text = self.message.get_body(("plain",))
        assert isinstance(text, EmailMessage)
        return Arrival(to=self.to, text=text.get_content())


class MailServer:
    """Takes letters, after it has given each of its `answers` once in place of taking one."""

    def __init__(self, *answers: str, users: dict[str, str] | None = None) -> None:
        self.port = 0
        self.answers = deque(answers)
        self.tries: list[str] = []
        """The id of each message that somebody tried to send, refused or not."""
        self.received: list[Received] = []
        self.sign_ins: list[str] = []
        """Who tried to sign in, with the right password or not."""
        self._users = users or {}

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        self.tries.append(message["Message-ID"])
        if self.answers:
            return self.answers.popleft()
        (to,) = envelope.rcpt_tos
        secret = session.ssl is not None
        self.received.append(Received(sender=str(envelope.mail_from), to=str(to), message=message, secret=secret))
        return "250 taken"

    def sign_in(self, _: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
        assert isinstance(given, LoginPassword)
        user, password = given.login.decode(), given.password.decode()
        self.sign_ins.append(user)
        if self._users.get(user) != password:
            return AuthResult(success=False, handled=False, message="535 5.7.8 Wrong user or password")
        return AuthResult(success=True, auth_data=given.login)

    @asynccontextmanager
    async def serving(
        self, *, tls: ssl.SSLContext | None = None, from_the_start: bool = False
    ) -> AsyncIterator["MailServer"]:
        """With `tls` it offers STARTTLS, or is secret from the start; else it has neither."""
        loop = asyncio.get_running_loop()

        def session() -> SMTP:
            return SMTP(
                self,
                hostname="localhost",
                loop=loop,
                tls_context=None if from_the_start else tls,
                authenticator=self.sign_in,
                auth_require_tls=tls is not None and not from_the_start,
            )

        server = await loop.create_server(session, "127.0.0.1", 0, ssl=tls if from_the_start else None)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """A port where somebody answers the call and then says nothing."""
    writers: list[asyncio.StreamWriter] = []

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.close()


class Told(logging.Handler):
    """What the log says of mail, to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._more = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {self.format(record)}")
        self._more.set()

    async def line(self, beginning: str) -> str:
        """The first line that begins so, as soon as it is there."""
        async with asyncio.timeout(PATIENCE):
            while not (found := [line for line in self.lines if line.startswith(beginning)]):
                self._more.clear()
                await self._more.wait()
        return found[0]


@pytest.fixture
def told() -> Iterator[Told]:
    log, handler = logging.getLogger("todo.mail"), Told()
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield handler
    log.removeHandler(handler)
    log.setLevel(before)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of `localhost` in one file, which nobody has signed but itself."""
    if shutil.which("openssl") is None:
        missing = "no openssl here to make a certificate with: install it (on Debian: apt install openssl)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    directory = tmp_path_factory.mktemp("certificate")
    made, key = directory / "certificate.pem", directory / "key.pem"
    kind = ["-x509", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        ["openssl", "req", *kind, "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(made)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    both = directory / "both.pem"
    both.write_text(key.read_text() + made.read_text())
    return both


@pytest.fixture(scope="session")
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture(scope="session")
def trusting(certificate: Path) -> ssl.SSLContext:
    """Trusts the test's certificate, as the system's authorities would be trusted."""
    return ssl.create_default_context(cafile=str(certificate))
