import pytest

from tests.contracts.mailer import MailerContract
from tests.mailboxes import OutboxMailer, a_letter


class TestOutboxMailer(MailerContract):
    @pytest.fixture
    def mailbox(self) -> OutboxMailer:
        return OutboxMailer()

    @pytest.fixture
    def mailer(self, mailbox: OutboxMailer) -> OutboxMailer:
        return mailbox


def test_an_outbox_that_is_not_enabled_takes_no_letter() -> None:
    outbox = OutboxMailer(enabled=False)

    assert not outbox.enabled
    with pytest.raises(RuntimeError):
        outbox.post(a_letter())


def test_the_one_letter_can_be_taken_out() -> None:
    outbox = OutboxMailer()
    outbox.post(a_letter())

    assert outbox.take() == a_letter()
    assert outbox.letters == []
