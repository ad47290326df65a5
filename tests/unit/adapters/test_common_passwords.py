"""The vendored list: that it is whole, and what is in it."""

import logging
import random
import secrets
import shutil
import string
from pathlib import Path

import pytest

from scripts import vendor_common_passwords as vendoring
from todo.adapters.common_passwords import ListedPasswords, tell_of_common_password
from todo.domain.errors import PasswordTooCommon
from todo.domain.model.guessable import folded
from todo.domain.model.user import Email, Password
from todo.domain.services.choosing import PasswordChoice

TWENTY = [
    "password",
    "password1",
    "password123",
    "iloveyou",
    "1q2w3e4r",
    "1qaz2wsx",
    "qwerty123",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "trustno1",
    "starwars",
    "michelle",
    "jennifer",
    "charlie1",
    "computer",
    "whatever",
    "passw0rd",
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(vendoring.HOME, tmp_path / "copy"))


@pytest.mark.parametrize("password", [*TWENTY, "PassWord123"])
def test_what_everybody_has_is_listed(password: str) -> None:
    assert folded(password) in ListedPasswords()


def test_what_chance_gives_is_not() -> None:
    chance = random.Random(5)  # noqa: S311  the same ones each time
    phrases = ["".join(chance.choices(string.ascii_lowercase + " ", k=20)) for _ in range(20)]
    choice = PasswordChoice(ListedPasswords())

    for phrase in [*phrases, secrets.token_urlsafe(12), "correct horse battery"]:
        choice.require_good(Password(phrase), of=Email("ada@example.com"))


def test_the_list_is_as_it_was_made_and_has_its_licence() -> None:
    assert vendoring.check() >= 8_000
    assert "Django" in (vendoring.HOME / vendoring.LICENCE).read_text(encoding="utf-8")


def test_only_what_could_be_a_password_is_taken_folded_and_once() -> None:
    published = "short\nPassWord1\npassword1\n12345678\n" + "x" * 129 + "\n" + "x" * 128 + "\n"

    assert vendoring.taken(published.encode()).decode().split() == ["12345678", "password1", "x" * 128]


@pytest.mark.parametrize("name", [vendoring.PASSWORDS, vendoring.LICENCE, vendoring.CHECKSUMS])
def test_a_file_that_is_gone_or_changed_is_told(copy: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert vendoring.main(["--check"], copy) == 0
    (copy / name).write_bytes((copy / name).read_bytes()[:-2])
    assert vendoring.main(["--check"], copy) == 1
    (copy / name).unlink()
    assert vendoring.main(["--check"], copy) == 1

    assert name in capsys.readouterr().err


def test_a_list_that_is_too_short_is_told(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: (copy / name).read_bytes() for name in (vendoring.PASSWORDS, vendoring.LICENCE)}
    vendoring.write({**files, vendoring.PASSWORDS: b"password1\n"}, copy)

    assert vendoring.main(["--check"], copy) == 1
    assert "fewer" in capsys.readouterr().err


def test_the_log_tells_of_a_common_password_without_telling_it(caplog: pytest.LogCaptureFixture) -> None:
    choice = PasswordChoice(ListedPasswords(), tolerated=tell_of_common_password)

    with caplog.at_level(logging.WARNING, "todo.passwords"):
        choice.require_good(Password("iloveyou"), of=Email("ada@example.com"))

    assert caplog.messages == [f"a password was accepted that is easy to guess: {PasswordTooCommon.__name__}"]
