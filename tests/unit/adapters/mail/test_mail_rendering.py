import re
from datetime import UTC
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser

import pytest

from tests.mailboxes import a_letter, link_of
from todo.adapters.mail.rendering import Stationery, greeted
from todo.adapters.mail.words import WORDS
from todo.domain.errors import EmailMalformed
from todo.domain.model.letter import Letter, Purpose
from todo.domain.model.user import Email

JWT = f"{'eyJhbGciOiJIUzI1NiJ9'}.{'a' * 300}.{'b' * 43}"


def written(letter: Letter, *, sender: str = "Todo <todo@example.com>") -> EmailMessage:
    """The letter as it arrives: through bytes, as over the wire."""
    message = Stationery(sender).written(letter, link=link_of(letter))
    return message_from_bytes(message.as_bytes(policy=SMTP), policy=default)


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert isinstance(found, EmailMessage)
    content = found.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


class Seen(HTMLParser):
    """What a person sees of a page, and what it would fetch or follow."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src", "background", "action"}]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("purpose", Purpose)
class TestEveryLetter:
    def test_says_the_same_in_text_and_in_html(self, purpose: Purpose) -> None:
        message = written(a_letter(purpose))

        text, page = part(message, "plain"), Seen(part(message, "html"))
        words = WORDS[purpose]
        for sentence in (words.happened, words.next_step, words.good_for, words.if_not_you):
            assert sentence in text
            assert sentence in page.text
        assert message["Subject"] == words.subject

    def test_is_plain_text_first_and_html_for_those_who_can(self, purpose: Purpose) -> None:
        message = written(a_letter(purpose))

        assert message.get_content_type() == "multipart/alternative"
        assert [each.get_content_type() for each in message.iter_parts()] == ["text/plain", "text/html"]
        assert [each.get_content_charset() for each in message.iter_parts()] == ["utf-8", "utf-8"]

    def test_has_the_bare_link_on_a_line_of_its_own(self, purpose: Purpose) -> None:
        letter = a_letter(purpose, token=JWT)

        assert link_of(letter) in part(written(letter), "plain").splitlines()

    def test_leads_to_the_link_and_nowhere_else(self, purpose: Purpose) -> None:
        letter = a_letter(purpose, token=JWT)
        message = written(letter)

        page = Seen(part(message, "html"))
        assert page.addresses == [link_of(letter)]
        assert link_of(letter) in page.text
        assert not {"img", "script", "style", "link", "iframe", "form"} & set(page.tags)
        assert re.findall(r"https?://\S+", part(message, "plain")) == [link_of(letter)]

    def test_leaks_no_template(self, purpose: Purpose) -> None:
        message = written(a_letter(purpose, name=""))

        for kind in ("plain", "html"):
            assert not re.search(r"[{}%]{2}|\bNone\b|words\.|Words\(", part(message, kind))

    def test_tells_how_long_it_is_good(self, purpose: Purpose) -> None:
        assert "one hour" in part(written(a_letter(purpose)), "plain")

    def test_has_lines_that_every_server_takes(self, purpose: Purpose) -> None:
        message = Stationery("todo@example.com").written(a_letter(purpose, token=JWT * 5), link="https://x/" + JWT * 5)

        lines = message.as_bytes(policy=SMTP).split(b"\r\n")
        assert max(map(len, lines)) <= 78
        assert all(line.isascii() and b"\n" not in line for line in lines)


def test_the_headers_say_what_kind_of_letter_it_is() -> None:
    message = written(a_letter())

    assert message["From"] == "Todo <todo@example.com>"
    assert message["To"] == "ada@example.com"
    assert message["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[^@\s]+@example\.com>", message["Message-ID"])
    assert parsedate_to_datetime(message["Date"]).tzinfo == UTC


def test_each_letter_has_an_id_of_its_own() -> None:
    stationery = Stationery("todo@example.com")

    first, second = (stationery.written(a_letter(), link="https://todo.example.com") for _ in range(2))
    assert first["Message-ID"] != second["Message-ID"]


def test_a_person_is_greeted_by_name() -> None:
    message = written(a_letter(name="Zoë O'Hara & Sons"))

    assert part(message, "plain").startswith("Hello Zoë O'Hara & Sons,\n")
    assert "Hello Zoë O'Hara & Sons," in Seen(part(message, "html")).text


def test_a_person_without_a_name_is_greeted_too() -> None:
    message = written(a_letter(name=""))

    assert part(message, "plain").startswith("Hello,\n")
    assert "Hello," in Seen(part(message, "html")).text


def test_what_is_given_is_escaped_in_html() -> None:
    letter = a_letter(name="\"Ada' & {{ 7 * 7 }} &lt;")
    message = written(letter)

    page = part(message, "html")
    assert "Hello &#34;Ada&#39; &amp; {{ 7 * 7 }} &amp;lt;," in page
    assert "&amp;callbackURL=" in page
    assert "&callbackURL=" not in page
    assert "Hello \"Ada' & {{ 7 * 7 }} &lt;," in part(message, "plain")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '"><a href="https://evil.example.org">Click</a>',
        "Ada\r\nBcc: bob@example.org\r\n\r\nHello",
        "https://evil.example.org",
        "evil.example.org",
        "javascript:alert(1)",
    ],
)
def test_a_hostile_name_changes_nothing_but_the_greeting(hostile: str) -> None:
    message, usual = written(a_letter(name=hostile)), written(a_letter(name="Ada"))

    assert message.keys() == usual.keys()
    assert message["To"] == usual["To"]
    assert Seen(part(message, "html")).tags == Seen(part(usual, "html")).tags
    assert Seen(part(message, "html")).addresses == Seen(part(usual, "html")).addresses
    assert part(message, "plain").splitlines()[1:] == part(usual, "plain").splitlines()[1:]


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("Ada", "Ada"),
        ("  Ada \t Lovelace\n", "Ada Lovelace"),
        ("J. R. R. Tolkien", "J. R. R. Tolkien"),
        ("Martin Luther King Jr.", "Martin Luther King Jr."),
        ("Agent 0007", "Agent 0007"),
        ("李小龍", "李小龍"),
        ("Ада", "Ада"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}adA", "adA"),
        ("A\x01d\x1ba", "Ada"),
        ("x" * 60, "x" * 60),
    ],
)
def test_a_name_is_greeted_on_one_line(name: str, greeting: str) -> None:
    assert greeted(name) == greeting


@pytest.mark.parametrize(
    "name",
    [
        "",
        " \n ",
        "x" * 61,
        "example.org",
        "Ada http://example.org",
        "Ada //example.org",
        "Ada \\\\example",
        "mailto:bob",
        "bob@example.org",
        "WWW example",
        "w\N{ZERO WIDTH SPACE}ww example",
        "example\N{FULLWIDTH FULL STOP}org",
        "example\N{IDEOGRAPHIC FULL STOP}org",
        "example\N{ONE DOT LEADER}org",
        "\N{FULLWIDTH LESS-THAN SIGN}b",
        "call 0900 12-34 56",
        "<b>Ada",
    ],
)
def test_a_name_that_would_lead_somewhere_is_left_out(name: str) -> None:
    assert greeted(name) == ""


@pytest.mark.parametrize(
    "to", ["o'brien+todo@example.com", "-@example.com", "_x_@sub.example.com", f"{'x' * 200}@{'y' * 40}.example.com"]
)
def test_any_address_that_we_take_survives_the_header(to: str) -> None:
    (address,) = written(a_letter(to=to))["To"].addresses

    assert address.addr_spec == to


@pytest.mark.parametrize(
    "to", ["nobody", "a@b\r\nBcc: bob@example.org", "a b@example.com", "ada@example.com, bob@b.co"]
)
def test_nothing_is_written_to_an_address_that_is_none(to: str) -> None:
    letter = Letter(purpose=Purpose.RESET_PASSWORD, to=Email.known(to), name=a_letter().name, token="token")

    with pytest.raises(EmailMalformed):
        written(letter)


@pytest.mark.parametrize(
    ("sender", "bare"),
    [
        ("todo@example.com", "todo@example.com"),
        ("Todo <todo@example.com>", "todo@example.com"),
        ('"Todo, the service" <todo@example.com>', "todo@example.com"),
        ("Tödo <no-reply@todo.example.com>", "no-reply@todo.example.com"),
        ("todo@localhost", "todo@localhost"),
    ],
)
def test_a_sender_may_have_a_name(sender: str, bare: str) -> None:
    assert Stationery(sender).sender == bare
    assert written(a_letter(), sender=sender)["From"].addresses[0].addr_spec == bare


def test_a_sender_s_name_arrives_as_it_is() -> None:
    message = written(a_letter(), sender='"Tödo, the service" <todo@example.com>')

    assert message["From"].addresses[0].display_name == "Tödo, the service"


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "Todo",
        "Todo <>",
        "Todo <todo>",
        "todo@",
        "@example.com",
        "todo@example.com, ada@example.com",
        "Todo, the service <todo@example.com>",
        "Todo <todo@example.com",
        "todo@exämple.com",
        "to do@example.com",
        '"to do"@example.com',
        "todo@[127.0.0.1]",
        "Todo <todo@example.com>\r\nBcc: bob@example.org",
    ],
)
def test_a_sender_that_is_no_address_is_refused(sender: str) -> None:
    with pytest.raises(ValueError, match=r"must be like todo@example\.com"):
        Stationery(sender)
