"""Letters, written out as messages of plain text and HTML."""

import re
import unicodedata
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from todo.adapters.mail.words import WORDS
from todo.domain.model.letter import Letter
from todo.domain.model.user import Email

LONGEST_GREETED: Final = 60

LEADS_SOMEWHERE: Final = re.compile(r"[@/\\:<>]|[.\u3002\uff0e\uff61]\S|www|(?:\d\W*){5}", re.IGNORECASE)
"""What programs for mail turn into a link, or people into a call, though nobody marked it as one."""

BARE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]+@[A-Za-z0-9.\-]+")
"""An address that any server takes. Unlike people's, ours may be `todo@localhost`."""


class Stationery:
    """Writes letters from `sender`. Only our own sentences and the link lead anywhere; a name never does."""

    def __init__(self, sender: str) -> None:
        """Takes `todo@example.com` and `Todo <todo@example.com>`; raises `ValueError` for anything else."""
        self._sender = _parsed(sender)
        templates = Environment(
            loader=PackageLoader("todo.adapters.mail"),
            autoescape=select_autoescape(default=True, disabled_extensions=("txt.jinja",)),
            undefined=StrictUndefined,
        )
        self._text = templates.get_template("letter.txt.jinja")
        self._html = templates.get_template("letter.html.jinja")

    @property
    def sender(self) -> str:
        """The bare address, for the envelope."""
        return self._sender.addr_spec

    def written(self, letter: Letter, *, link: str) -> EmailMessage:
        """The message, with an id of its own. Raises `EmailMalformed` for an address that is none."""
        words = WORDS[letter.purpose]
        given = {"words": words, "name": greeted(letter.name), "link": link}
        message = EmailMessage(policy=SMTP)
        message["From"] = self._sender
        message["To"] = Address(addr_spec=Email(letter.to))
        message["Subject"] = words.subject
        message["Date"] = datetime.now(UTC)
        message["Message-ID"] = make_msgid(domain=self._sender.domain)
        message["Auto-Submitted"] = "auto-generated"
        # Links are longer than a line of mail may be everywhere: quoted-printable folds them, and loses nothing.
        message.set_content(self._text.render(given), cte="quoted-printable")
        message.add_alternative(self._html.render(given), subtype="html", cte="quoted-printable")
        return message


def greeted(name: str) -> str:
    """The name as a greeting can hold it: on one line. Empty for one that would speak for itself.

    Anybody can sign up with another's address and any name, and the letter goes out in our name.
    """
    seen = "".join(character for character in name if character.isspace() or not _is_invisible(character))
    name = " ".join(seen.split())
    if len(name) > LONGEST_GREETED or LEADS_SOMEWHERE.search(unicodedata.normalize("NFKC", name)):
        return ""
    return name


def _parsed(sender: str) -> Address:
    fault = ValueError('must be like todo@example.com or "Todo" <todo@example.com>')
    try:
        _, header = SMTP.header_store_parse("From", sender)
        (address,) = header.addresses
    except (ValueError, IndexError) as error:
        raise fault from error
    if header.defects or not isinstance(address, Address) or not BARE.fullmatch(address.addr_spec):
        raise fault
    return address


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character).startswith("C")
