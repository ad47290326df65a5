from typing import Any

import pytest

from todo.adapters.mail import SmtpServer
from todo.adapters.mail.smtp_server import Tls

PASSWORD = "hunter2secret"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", {"port": 587, "tls": Tls.WHEN_OFFERED}),
        ("smtp://mail.example.com/", {"port": 587, "tls": Tls.WHEN_OFFERED}),
        ("  smtp://mail.example.com:25\n", {"port": 25, "tls": Tls.WHEN_OFFERED}),
        ("SMTP://Mail.Example.com:2525", {"port": 2525, "tls": Tls.WHEN_OFFERED}),
        ("smtps://mail.example.com", {"port": 465, "tls": Tls.FROM_THE_START}),
        ("smtps://mail.example.com:10465", {"port": 10465, "tls": Tls.FROM_THE_START}),
        ("smtp://ada:pw@mail.example.com:587", {"tls": Tls.REQUIRED, "user": "ada", "password": "pw"}),
        ("smtps://ada:pw@mail.example.com", {"tls": Tls.FROM_THE_START, "user": "ada", "password": "pw"}),
        ("smtp://mail.example.com?starttls=required", {"tls": Tls.REQUIRED}),
        ("smtp://mail.example.com/?starttls=never", {"tls": Tls.NEVER}),
        ("smtp://ada:pw@mail.example.com?starttls=never", {"tls": Tls.NEVER, "user": "ada", "password": "pw"}),
        ("smtp://ada%40example.com:p%3Aw%2F%23%25@mail.example.com", {"user": "ada@example.com", "password": "p:w/#%"}),
        ("smtp://ada@example.com:pw@mail.example.com", {"user": "ada@example.com", "password": "pw"}),
        ("smtp://ada:p%C3%A4ss+word@mail.example.com", {"user": "ada", "password": "päss+word"}),
        ("smtp://[::1]:1025", {"host": "::1", "port": 1025}),
        ("smtp://127.0.0.1:1025", {"host": "127.0.0.1", "port": 1025}),
    ],
)
def test_a_url_names_a_server(url: str, expected: dict[str, Any]) -> None:
    server = SmtpServer.parse(url)

    actual = {name: getattr(server, name) for name in ("host", "port", "tls", "user", "password")}
    assert (
        actual
        == {
            "host": "mail.example.com",
            "port": 587 if server.tls is not Tls.FROM_THE_START else 465,
            "tls": server.tls,
            "user": None,
            "password": None,
        }
        | expected
    )


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "must begin with smtp:// or smtps://"),
        ("mail.example.com", "must begin with smtp:// or smtps://"),
        ("https://mail.example.com", "must begin with smtp:// or smtps://"),
        ("smtp://", "names no host"),
        ("smtp:mail.example.com", "must end after the port: no path"),
        (f"smtp://ada:{PASSWORD}@", "names no host"),
        ("smtp://mail.example.com:0", "has a port that is no number from 1 to 65535"),
        ("smtp://mail.example.com:65536", "has a port that is no number from 1 to 65535"),
        ("smtp://mail.example.com:mail", "has a port that is no number from 1 to 65535"),
        (f"smtp://ada:{PASSWORD}@mail.example.com:x", "has a port that is no number from 1 to 65535"),
        ("smtp://mail.example.com/inbox", "must end after the port: no path"),
        ("smtp://ada@mail.example.com", "must name both a user and a password, or neither"),
        ("smtp://ada:@mail.example.com", "must name both a user and a password, or neither"),
        (f"smtp://:{PASSWORD}@mail.example.com", "must name both a user and a password, or neither"),
        (f"smtp://ada:{PASSWORD}/@mail.example.com", "has a user or a password with / ? or # in it"),
        (f"smtp://ada:{PASSWORD}?@mail.example.com", "has a user or a password with / ? or # in it"),
        (f"smtp://ada:{PASSWORD}#@mail.example.com", "has a user or a password with / ? or # in it"),
        (f"smtp://ada:1/{PASSWORD}@mail.example.com", "has a user or a password with / ? or # in it"),
        (f"smtp://ada:1?{PASSWORD}@mail.example.com", "has a user or a password with / ? or # in it"),
        (f"smtp://ada:{PASSWORD} @mail.example.com", "has a space or a control character in it"),
        (f"smtp://ada:{PASSWORD}@mail.exa\nmple.com", "has a space or a control character in it"),
        (f"smtp://ada:{PASSWORD}[@mail.example.com", "is no URL like"),
        (f"smtp://ada:{PASSWORD}\N{ACCOUNT OF}@mail.example.com", "is no URL like"),
        (f"smtp://ada:{PASSWORD}%FF@mail.example.com", "is not UTF-8 when decoded"),
        (f"smtp://ada:{PASSWORD}%0D%0A@mail.example.com", "has a user or a password with a line's end"),
        (f"smtp://mail.example.com?{PASSWORD}", "may have one option: starttls=required or starttls=never"),
        (f"smtp://mail.example.com?starttls={PASSWORD}", "may have one option: starttls=required or starttls=never"),
        ("smtp://mail.example.com?starttls", "may have one option: starttls=required or starttls=never"),
        ("smtp://mail.example.com?starttls=never&starttls=required", "may have one option: starttls=required"),
        ("smtp://mail.example.com?timeout=3", "may have one option: starttls=required or starttls=never"),
        ("smtps://mail.example.com?starttls=required", "starttls is for smtp://"),
    ],
)
def test_what_is_wrong_with_a_url_is_told_without_the_password(url: str, sentence: str) -> None:
    with pytest.raises(ValueError) as raised:
        SmtpServer.parse(url)

    assert sentence in str(raised.value)
    assert PASSWORD not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_a_server_does_not_show_its_password() -> None:
    shown = repr(SmtpServer.parse(f"smtp://ada:{PASSWORD}@mail.example.com"))

    assert shown == "SmtpServer(host='mail.example.com', port=587, tls=<Tls.REQUIRED: 'starttls'>)"
