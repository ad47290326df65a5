"""What went wrong with a letter: whether it will pass, and how to tell it without telling what is secret."""

import re
from typing import Final

from aiosmtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from todo.domain.model.letter import Letter

LONGEST: Final = 200
HIDDEN: Final = "…"

QUOTED_FROM_THE_LETTER: Final = re.compile(r"\S*[@/]\S*|\S{20,}")
"""Addresses, links and tokens, and the pieces of them: servers like to repeat what they refuse."""


def is_final(error: Exception) -> bool:
    """Whether another try would meet the same answer: a refusal for good, or a server without what we insist on."""
    match error:
        case SMTPRecipientsRefused():
            return all(is_final(refused) for refused in error.recipients)
        case SMTPResponseException():
            return 500 <= error.code < 600
        case OSError():  # aiosmtplib's lost connections and late answers are of this kind, too
            return False
        case _:
            return True


def reason(error: Exception, letter: Letter) -> str:
    """One short line for the log, without the token, the link, and the part of the address before the `@`."""
    match error:
        case SMTPRecipientsRefused():
            return "; ".join(reason(refused, letter) for refused in error.recipients)
        case SMTPResponseException():
            return f"{error.code} {_without_secrets(error.message, letter)}"
        case SMTPException() | OSError():
            return _in_one_line(str(error)) or "no answer in time"
        case _:
            return type(error).__name__  # what it says may hold anything


def _without_secrets(text: str, letter: Letter) -> str:
    for secret in filter(None, (letter.token, letter.to.partition("@")[0])):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text, flags=re.IGNORECASE)
    return _in_one_line(QUOTED_FROM_THE_LETTER.sub(HIDDEN, text))


def _in_one_line(text: str) -> str:
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= LONGEST else line[:LONGEST] + HIDDEN
