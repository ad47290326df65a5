"""Mail over a real SMTP server on loopback. No test waits for a pause: they are of no length, or cut short."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

import pytest

from tests.contracts.mailer import MailerContract
from tests.integration.mail_server import MailServer, Told, silent_server
from tests.integration.mail_server import certificate as certificate
from tests.integration.mail_server import server_tls as server_tls
from tests.integration.mail_server import told as told
from tests.integration.mail_server import trusting as trusting
from tests.mailboxes import TOKEN, Arrival, Mailbox, a_letter, link_of
from todo.adapters.mail import SmtpMailer, SmtpServer
from todo.domain.model.letter import Letter, Purpose
from todo.domain.model.user import Email

PASSWORD = "hunter2 secret"
USERS = {"todo@example.com": PASSWORD}
SIGNED_IN = "todo%40example.com:hunter2%20secret@"
AT_ONCE = (0.0, 0.0, 0.0)
NEVER = (10_000.0,)
"""Seconds: a pause that only the end of the mailer can cut short."""


def a_mailer(
    url: str,
    *,
    tls: ssl.SSLContext | None = None,
    pauses: Sequence[float] = AT_ONCE,
    room: int = 1000,
    patience: float = 20,
    farewell: float = 60,
) -> SmtpMailer:
    return SmtpMailer(
        server=SmtpServer.parse(url),
        sender="Todo <todo@example.com>",
        link_of=link_of,
        tls=tls,
        pauses=pauses,
        room=room,
        patience=patience,
        farewell=farewell,
    )


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    """One without TLS."""
    async with MailServer().serving() as server:
        yield server


@pytest.fixture(autouse=True)
def _the_log_keeps_secrets(told: Told) -> Iterator[None]:
    """Whatever a test does: neither token nor link nor person nor password may stand in the log."""
    yield
    for line in told.lines:
        for secret in (TOKEN, "todo.example.com", "ada.lovelace", PASSWORD, "hunter2"):
            assert secret not in line


def a_secret_letter() -> Letter:
    return a_letter(to="ada.lovelace@example.com")


class Delivered(Mailbox):
    """What has reached the server by the end of the mailer."""

    def __init__(self, server: MailServer, mailer: SmtpMailer) -> None:
        self._server = server
        self._mailer = mailer

    async def arrivals(self) -> list[Arrival]:
        await self._mailer.close()
        return [received.arrival for received in self._server.received]


class TestSmtpMailer(MailerContract):
    @pytest.fixture
    def mailer(self, server: MailServer) -> SmtpMailer:
        return a_mailer(f"smtp://127.0.0.1:{server.port}")

    @pytest.fixture
    def mailbox(self, server: MailServer, mailer: SmtpMailer) -> Mailbox:
        return Delivered(server, mailer)


class TestALetter:
    async def test_arrives_whole(self, server: MailServer, told: Told) -> None:
        async with a_mailer(f"smtp://127.0.0.1:{server.port}") as mailer:
            mailer.post(replace(a_secret_letter(), name=a_letter(name="Zoë & Söhne").name))

        (received,) = server.received
        assert (received.sender, received.to) == ("todo@example.com", "ada.lovelace@example.com")
        assert received.message["From"] == "Todo <todo@example.com>"
        assert received.message["To"] == "ada.lovelace@example.com"
        assert [part.get_content_type() for part in received.message.iter_parts()] == ["text/plain", "text/html"]
        assert received.arrival.text.startswith("Hello Zoë & Söhne,")
        assert told.lines == ["INFO mail sent: reset password to example.com"]

    @pytest.mark.parametrize("purpose", Purpose)
    async def test_of_any_length_arrives_with_its_link(self, server: MailServer, purpose: Purpose) -> None:
        letter = a_letter(purpose, token="x" * 2000, callback="https://app.example.com/" + "ж" * 300)
        async with a_mailer(f"smtp://127.0.0.1:{server.port}") as mailer:
            mailer.post(letter)

        assert link_of(letter) in server.received[0].arrival.text.splitlines()


class TestTls:
    async def test_is_used_where_it_is_offered(self, server_tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
        async with (
            MailServer().serving(tls=server_tls) as server,
            a_mailer(f"smtp://localhost:{server.port}", tls=trusting) as mailer,
        ):
            mailer.post(a_letter())
            await mailer.close()

        assert [received.secret for received in server.received] == [True]

    async def test_is_not_used_where_the_url_says_so(
        self, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
    ) -> None:
        async with (
            MailServer().serving(tls=server_tls) as server,
            a_mailer(f"smtp://localhost:{server.port}?starttls=never", tls=trusting) as mailer,
        ):
            mailer.post(a_letter())
            await mailer.close()

        assert [received.secret for received in server.received] == [False]

    async def test_goes_before_the_password(self, server_tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
        async with (
            MailServer(users=USERS).serving(tls=server_tls) as server,
            a_mailer(f"smtp://{SIGNED_IN}localhost:{server.port}", tls=trusting) as mailer,
        ):
            mailer.post(a_letter())
            await mailer.close()

        assert server.sign_ins == ["todo@example.com"]
        assert [received.secret for received in server.received] == [True]

    async def test_may_be_there_from_the_start(self, server_tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
        async with (
            MailServer(users=USERS).serving(tls=server_tls, from_the_start=True) as server,
            a_mailer(f"smtps://{SIGNED_IN}localhost:{server.port}", tls=trusting) as mailer,
        ):
            mailer.post(a_letter())
            await mailer.close()

        assert server.sign_ins == ["todo@example.com"]
        assert len(server.received) == 1

    @pytest.mark.parametrize("credentials", [SIGNED_IN, ""])
    async def test_that_is_required_and_missing_ends_the_try_before_anything_is_said(
        self, told: Told, credentials: str
    ) -> None:
        option = "" if credentials else "?starttls=required"
        async with (
            MailServer(users=USERS).serving() as server,
            a_mailer(f"smtp://{credentials}127.0.0.1:{server.port}{option}") as mailer,
        ):
            mailer.post(a_secret_letter())
            await told.line("ERROR mail failed: reset password to example.com: SMTP STARTTLS extension not supported")

        assert server.sign_ins == []
        assert server.tries == []
        assert len(told.lines) == 1

    @pytest.mark.parametrize("scheme", ["smtp", "smtps"])
    async def test_is_refused_with_a_certificate_that_nobody_vouches_for(
        self, told: Told, server_tls: ssl.SSLContext, scheme: str
    ) -> None:
        async with (
            MailServer(users=USERS).serving(tls=server_tls, from_the_start=scheme == "smtps") as server,
            a_mailer(f"{scheme}://{SIGNED_IN}localhost:{server.port}") as mailer,
        ):
            mailer.post(a_secret_letter())
            line = await told.line("ERROR mail failed: reset password to example.com")

        assert "certificate verify failed" in line
        assert server.sign_ins == []
        assert server.tries == []

    @pytest.mark.parametrize("scheme", ["smtp", "smtps"])
    async def test_is_refused_with_the_certificate_of_another_host(
        self, told: Told, server_tls: ssl.SSLContext, trusting: ssl.SSLContext, scheme: str
    ) -> None:
        async with (
            MailServer(users=USERS).serving(tls=server_tls, from_the_start=scheme == "smtps") as server,
            a_mailer(f"{scheme}://{SIGNED_IN}127.0.0.1:{server.port}", tls=trusting) as mailer,
        ):
            mailer.post(a_secret_letter())
            line = await told.line("ERROR mail failed: reset password to example.com")

        assert "not valid for '127.0.0.1'" in line
        assert server.sign_ins == []

    async def test_does_not_help_against_a_wrong_password(
        self, told: Told, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
    ) -> None:
        async with (
            MailServer(users={"todo@example.com": "another"}).serving(tls=server_tls) as server,
            a_mailer(f"smtp://{SIGNED_IN}localhost:{server.port}", tls=trusting) as mailer,
        ):
            mailer.post(a_secret_letter())
            line = await told.line("ERROR mail failed: reset password to example.com: 535")

        assert told.lines == [line]
        assert server.received == []


class TestRetries:
    async def test_a_letter_that_is_put_off_is_sent_again(self, told: Told) -> None:
        async with (
            MailServer("451 4.7.1 come back later", "421 busy").serving() as server,
            a_mailer(f"smtp://127.0.0.1:{server.port}") as mailer,
        ):
            mailer.post(a_secret_letter())
            await told.line("INFO mail sent: reset password to example.com")

        assert told.lines[:2] == [
            "WARNING mail delayed: reset password to example.com, try 1: 451 4.7.1 come back later",
            "WARNING mail delayed: reset password to example.com, try 2: 421 busy",
        ]
        assert len(server.received) == 1

    async def test_each_try_is_of_the_same_message(self, told: Told) -> None:
        async with (
            MailServer("451 later", "451 later").serving() as server,
            a_mailer(f"smtp://127.0.0.1:{server.port}") as mailer,
        ):
            mailer.post(a_letter())
            await told.line("INFO mail sent")

        assert len(server.tries) == 3
        assert len(set(server.tries)) == 1

    async def test_a_letter_that_is_put_off_again_and_again_is_given_up(self, told: Told) -> None:
        async with (
            MailServer(*["451 later"] * 10).serving() as server,
            a_mailer(f"smtp://127.0.0.1:{server.port}", pauses=(0, 0)) as mailer,
        ):
            mailer.post(a_secret_letter())
            await told.line("ERROR mail failed: reset password to example.com: 451 later")

        assert len(server.tries) == 3

    async def test_a_letter_that_is_refused_for_good_is_not_sent_again(self, told: Told) -> None:
        answer = f"554 5.7.1 <ada.lovelace@example.com> gets no {link_of(a_secret_letter())} with {TOKEN}"
        async with (
            MailServer(answer).serving() as server,
            a_mailer(f"smtp://127.0.0.1:{server.port}") as mailer,
        ):
            mailer.post(a_secret_letter())
            line = await told.line("ERROR mail failed")

        assert line == "ERROR mail failed: reset password to example.com: 554 5.7.1 … gets no … with …"
        assert len(server.tries) == 1
        assert server.received == []

    async def test_a_server_that_is_away_is_tried_and_then_given_up(self, told: Told) -> None:
        async with MailServer().serving() as server:
            port = server.port
        async with a_mailer(f"smtp://127.0.0.1:{port}") as mailer:
            mailer.post(a_secret_letter())
            line = await told.line("ERROR mail failed: reset password to example.com: Error connecting to 127.0.0.1")

        assert len(told.lines) == 4
        assert told.lines[3] == line

    async def test_a_server_that_says_nothing_is_not_waited_for(self, told: Told) -> None:
        async with silent_server() as port, a_mailer(f"smtp://127.0.0.1:{port}", pauses=(), patience=0.05) as mailer:
            mailer.post(a_secret_letter())

            assert "time" in (await told.line("ERROR mail failed: reset password to example.com: ")).lower()

    async def test_letters_pass_one_that_waits(self, told: Told) -> None:
        async with (
            MailServer("451 later").serving() as server,
            a_mailer(f"smtp://127.0.0.1:{server.port}", pauses=NEVER) as mailer,
        ):
            mailer.post(a_letter(to="first@example.com"))
            mailer.post(a_letter(to="second@example.com"))
            await told.line("INFO mail sent")

            assert [received.to for received in server.received] == ["second@example.com"]

    async def test_a_letter_that_cannot_be_written_stops_no_other(self, server: MailServer, told: Told) -> None:
        async with a_mailer(f"smtp://127.0.0.1:{server.port}") as mailer:
            mailer.post(replace(a_secret_letter(), to=Email.known("ada.lovelace@example.com\r\nBcc: bob@example.org")))
            mailer.post(a_letter(to="bob@example.org"))
            await told.line("INFO mail sent: reset password to example.org")

        assert told.lines[0] == "ERROR mail failed: reset password to example.org: EmailMalformed"
        assert [received.to for received in server.received] == ["bob@example.org"]

    async def test_a_fault_in_making_the_link_is_told_without_what_it_says(
        self, server: MailServer, told: Told
    ) -> None:
        def faulty(letter: Letter) -> str:
            raise LookupError(f"no path for {letter.token} of {letter.to}")

        mailer = SmtpMailer(
            server=SmtpServer.parse(f"smtp://127.0.0.1:{server.port}"), sender="todo@example.com", link_of=faulty
        )
        async with mailer:
            mailer.post(a_secret_letter())

        assert told.lines == ["ERROR mail failed: reset password to example.com: LookupError"]


class TestRoom:
    async def test_is_bounded(self, told: Told) -> None:
        async with silent_server() as port, a_mailer(f"smtp://127.0.0.1:{port}", room=2, farewell=0) as mailer:
            for _ in range(3):
                mailer.post(a_secret_letter())

            assert told.lines == ["ERROR mail dropped: reset password to example.com: 2 letters are waiting already"]

    async def test_comes_back_when_letters_are_sent(self, server: MailServer, told: Told) -> None:
        async with a_mailer(f"smtp://127.0.0.1:{server.port}", room=1) as mailer:
            mailer.post(a_letter(to="first@example.com"))
            await told.line("INFO mail sent")
            await asyncio.sleep(0)  # a turn for what comes after the line
            mailer.post(a_letter(Purpose.VERIFY_EMAIL, to="second@example.com"))
            await told.line("INFO mail sent: verify e-mail")

        assert [received.to for received in server.received] == ["first@example.com", "second@example.com"]


class TestTheEnd:
    async def test_sends_what_is_under_way(self, server: MailServer) -> None:
        async with a_mailer(f"smtp://127.0.0.1:{server.port}") as mailer:
            for number in range(5):
                mailer.post(a_letter(to=f"person{number}@example.com"))

        assert [received.to for received in server.received] == [f"person{number}@example.com" for number in range(5)]

    async def test_cuts_pauses_short(self, told: Told) -> None:
        async with MailServer("451 later").serving() as server:
            async with a_mailer(f"smtp://127.0.0.1:{server.port}", pauses=NEVER) as mailer:
                mailer.post(a_letter())
                await told.line("WARNING mail delayed")

            assert len(server.received) == 1

    async def test_gives_one_more_try_and_no_more(self, told: Told) -> None:
        async with MailServer(*["451 later"] * 10).serving() as server:
            async with a_mailer(f"smtp://127.0.0.1:{server.port}", pauses=NEVER * 5) as mailer:
                mailer.post(a_letter())
                await told.line("WARNING mail delayed")

            assert len(server.tries) == 2
            assert told.lines[-1] == "ERROR mail failed: reset password to example.com: 451 later"

    async def test_does_not_wait_for_a_server_that_says_nothing(self, told: Told) -> None:
        async with silent_server() as port, a_mailer(f"smtp://127.0.0.1:{port}", farewell=0.05) as mailer:
            mailer.post(a_secret_letter())
            mailer.post(a_secret_letter())
            await mailer.close()

        assert told.lines == ["ERROR mail dropped: reset password to example.com: the service stops"] * 2

    async def test_takes_no_more_letters(self, server: MailServer, told: Told) -> None:
        async with a_mailer(f"smtp://127.0.0.1:{server.port}") as mailer:
            pass
        mailer.post(a_secret_letter())

        assert told.lines == ["ERROR mail dropped: reset password to example.com: the service stops"]
        assert server.tries == []
