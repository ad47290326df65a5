import ssl

import pytest
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPConnectResponseError,
    SMTPConnectTimeoutError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPReadTimeoutError,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from tests.mailboxes import TOKEN, a_letter, link_of
from todo.adapters.mail.faults import is_final, reason

TO = "ada.lovelace@example.com"


def refused(code: int, *more: int, message: str = "no") -> SMTPRecipientsRefused:
    return SMTPRecipientsRefused([SMTPRecipientRefused(each, message, TO) for each in (code, *more)])


@pytest.mark.parametrize(
    "error",
    [
        SMTPDataError(554, "spam"),
        SMTPSenderRefused(550, "no", TO),
        SMTPAuthenticationError(535, "wrong password"),
        SMTPConnectResponseError(554, "go away"),
        refused(550),
        SMTPNotSupported("SMTPUTF8 is not supported"),
        SMTPException("SMTP STARTTLS extension not supported by server."),
    ],
)
def test_a_refusal_for_good_is_final(error: Exception) -> None:
    assert is_final(error)


@pytest.mark.parametrize(
    "error",
    [
        SMTPDataError(451, "try again"),
        SMTPSenderRefused(452, "full", TO),
        SMTPAuthenticationError(454, "busy"),
        SMTPConnectResponseError(421, "busy"),
        SMTPResponseException(-1, "Malformed SMTP response line"),
        refused(450),
        refused(450, 550),
        SMTPServerDisconnected("Connection lost"),
        SMTPConnectError("Error connecting"),
        SMTPConnectTimeoutError("Timed out"),
        SMTPReadTimeoutError("Timed out"),
        ConnectionResetError(),
        TimeoutError(),
        ssl.SSLCertVerificationError("certificate verify failed"),
        OSError("Network is unreachable"),
    ],
)
def test_what_may_pass_is_not_final(error: Exception) -> None:
    assert not is_final(error)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SMTPDataError(451, "4.7.1 Greylisted, come back later"), "451 4.7.1 Greylisted, come back later"),
        (refused(550, message="5.1.1 No such user"), "550 5.1.1 No such user"),
        (refused(450, 550), "450 no; 550 no"),
        (SMTPException("SMTP STARTTLS extension not supported."), "SMTP STARTTLS extension not supported."),
        (OSError(111, "Connect call failed"), "[Errno 111] Connect call failed"),
        (TimeoutError(), "no answer in time"),
        (SMTPDataError(451, "two\nlines\r\n\x1b[31mand\x00 colours\udcff"), "451 two lines [31mand colours"),
        (SMTPDataError(451, "wait " * 100), "451 " + "wait " * 40 + "…"),
        (ValueError(f"a fault of ours with {TOKEN}"), "ValueError"),
    ],
)
def test_a_reason_is_told_in_one_line(error: Exception, told: str) -> None:
    assert reason(error, a_letter(to=TO)) == told


@pytest.mark.parametrize(
    "answer",
    [
        f"<{TO}>: mailbox unavailable",
        f"<{TO.upper()}>: mailbox unavailable",
        "user ada.lovelace: mailbox unavailable",
        "User Ada.Lovelace is unknown",
        f"we do not like {link_of(a_letter())} in letters",
        f"we do not like \n{link_of(a_letter()).partition('://')[2]}",
        f"we do not like token={TOKEN}",
        f"we do not like ({TOKEN})",
        f"we do not like {TOKEN[:20]}",
        f"we do not like token=3D{TOKEN}",
    ],
)
def test_a_server_that_repeats_secrets_is_not_quoted(answer: str) -> None:
    letter = a_letter(to=TO)

    for error in (SMTPDataError(550, answer), refused(550, message=answer)):
        told = reason(error, letter)
        assert told.startswith("550 ")
        assert "…" in told
        assert TOKEN[:20] not in told
        assert "lovelace" not in told.lower()
        assert "todo.example.com" not in told


def test_a_short_token_is_not_quoted_either() -> None:
    assert reason(SMTPDataError(550, "I saw abc123."), a_letter(token="abc123")) == "550 I saw …."
