import logging

import pytest

from tests.contracts.mailer import MailerContract
from tests.mailboxes import Arrival, Mailbox, a_letter, link_of
from todo.adapters.mail import LogMailer, NoMailer


class ReadFromTheLog(Mailbox):
    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    async def arrivals(self) -> list[Arrival]:
        lines = [record.getMessage() for record in self._caplog.records if record.name == "todo.letters"]
        return [Arrival(to=line.partition(" to ")[2].partition(": ")[0], text=line) for line in lines]


class TestLogMailer(MailerContract):
    @pytest.fixture
    def mailbox(self, caplog: pytest.LogCaptureFixture) -> Mailbox:
        return ReadFromTheLog(caplog)

    @pytest.fixture
    def mailer(self) -> LogMailer:
        return LogMailer(link_of=link_of)

    def test_its_line_is_seen_without_setting_anything(
        self, mailer: LogMailer, caplog: pytest.LogCaptureFixture
    ) -> None:
        mailer.post(a_letter())

        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert caplog.messages == [f"would send reset password to ada@example.com: {link_of(a_letter())}"]


def test_without_mail_there_is_none() -> None:
    assert not NoMailer().enabled


def test_a_letter_that_nobody_can_send_is_a_fault_of_the_program() -> None:
    with pytest.raises(RuntimeError) as raised:
        NoMailer().post(a_letter())

    assert str(raised.value) == "no letter can be sent here, and one was posted: reset password"
