"""What every password hasher promises."""

import pytest

from tests.builders import PASSWORD
from todo.domain.model.user import Password, PasswordHash
from todo.domain.ports.password_hasher import PasswordHasher

UNREADABLE = [
    "",
    " ",
    "$",
    "x" * 1000,
    "plain text",
    "plain$1$1",
    "plain$1$1$$",
    "пароль",
    "\N{GRINNING FACE}",
    "a\0b",
    "$argon2id$",
    "$argon2id$пароль",
    "$argon2id$v=19$m=8,t=1,p=1$",
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ",
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$!!!!",
    "$argon2id$v=99$m=8,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
    "$argon2id$v=19$m=99999999999,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
    "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
    "$argon2id$v=19$m=8,t=4294967295,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
    "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
    "0123456789abcdef:0123456789abcdef",
]
ODD_PASSWORDS = [
    "        ",
    " a password ",
    "пароль-длинный",
    "\N{GRINNING FACE}" * 8,
    "e\N{COMBINING ACUTE ACCENT}" * 4,
    "nul\0in the middle",
    "x" * 128,
    "\N{GRINNING FACE}" * 128,
    "$argon2id$v=19$",
]


class HasherContract:
    """Subclass it, and provide a `hasher` fixture."""

    async def test_a_password_belongs_to_its_own_hash(self, hasher: PasswordHasher) -> None:
        hashed = await hasher.hash(PASSWORD)

        assert await hasher.verify(PASSWORD, hashed)

    @pytest.mark.parametrize(
        "other",
        [
            PASSWORD + "x",
            PASSWORD[:-1],
            PASSWORD.upper(),
            f" {PASSWORD}",
            f"{PASSWORD} ",
            f"{PASSWORD}\0",
            "",
            "x" * 128,
        ],
    )
    async def test_any_other_password_does_not(self, hasher: PasswordHasher, other: str) -> None:
        hashed = await hasher.hash(PASSWORD)

        assert not await hasher.verify(Password.attempt(other), hashed)

    @pytest.mark.parametrize("odd", ODD_PASSWORDS)
    async def test_passwords_may_be_of_any_characters(self, hasher: PasswordHasher, odd: str) -> None:
        hashed = await hasher.hash(Password(odd))

        assert await hasher.verify(Password(odd), hashed)
        assert not await hasher.verify(Password.attempt(odd[:-1]), hashed)

    async def test_passwords_that_look_alike_are_not_alike(self, hasher: PasswordHasher) -> None:
        hashed = await hasher.hash(Password("caf\N{LATIN SMALL LETTER E WITH ACUTE} au lait"))

        assert not await hasher.verify(Password("cafe\N{COMBINING ACUTE ACCENT} au lait"), hashed)

    async def test_long_passwords_count_to_their_last_character(self, hasher: PasswordHasher) -> None:
        hashed = await hasher.hash(Password("x" * 127 + "a"))

        assert not await hasher.verify(Password("x" * 127 + "b"), hashed)

    async def test_one_password_has_another_hash_each_time(self, hasher: PasswordHasher) -> None:
        first, second = await hasher.hash(PASSWORD), await hasher.hash(PASSWORD)

        assert first != second
        assert await hasher.verify(PASSWORD, first)
        assert await hasher.verify(PASSWORD, second)

    async def test_a_hash_does_not_tell_the_password(self, hasher: PasswordHasher) -> None:
        assert PASSWORD not in await hasher.hash(PASSWORD)

    async def test_no_password_belongs_to_no_hash(self, hasher: PasswordHasher) -> None:
        assert not await hasher.verify(PASSWORD, None)

    @pytest.mark.parametrize("unreadable", UNREADABLE)
    async def test_no_password_belongs_to_a_hash_that_cannot_be_read(
        self, hasher: PasswordHasher, unreadable: str
    ) -> None:
        assert not await hasher.verify(PASSWORD, PasswordHash(unreadable))

    async def test_a_fresh_hash_is_not_outdated(self, hasher: PasswordHasher) -> None:
        assert not hasher.is_outdated(await hasher.hash(PASSWORD))
