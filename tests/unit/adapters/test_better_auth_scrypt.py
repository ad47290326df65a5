import pytest

from todo.adapters.argon2_hasher import Argon2Cost, Argon2Hasher
from todo.adapters.better_auth_scrypt import scrypt_matches
from todo.domain.model.user import Password, PasswordHash

SALT = "00112233445566778899aabbccddeeff"
PLAIN = (
    "b8e816499fa47129b1070586ed6d1b02d876f743c58932b81d38866973ba1bff"
    "7f0e464165d9768729b507844ee37ba6a3ee2aed2c0684fedc66398e208da95d"
)
FOLDED = (
    "a43dab27c0155d6eca4c7a0a612d2350015f1320d8991a2bab62e4279b1df75e"
    "e239dbfaeb910e6a29f0639ffb057a3eae7a33135c0fb450efba93dfd92699cc"
)


@pytest.mark.parametrize(
    ("password", "key"),
    [
        ("correct horse 1", PLAIN),
        ("\ufb01anc\u00e9-\u00c5-\u2460", FOLDED),
        ("fiance\u0301-A\u030a-1", FOLDED),
    ],
    ids=ascii,
)
def test_what_better_auth_has_hashed_matches(password: str, key: str) -> None:
    assert scrypt_matches(password, f"{SALT}:{key}") is True


@pytest.mark.parametrize("password", ["correct horse 2", "", "\ud800"], ids=ascii)
def test_another_password_does_not(password: str) -> None:
    assert scrypt_matches(password, f"{SALT}:{PLAIN}") is False


@pytest.mark.parametrize(
    "hashed",
    [
        "",
        ":",
        SALT,
        f"{SALT}:",
        f"{SALT}:{PLAIN[:-1]}",
        f"{SALT}:{PLAIN}0",
        f"{SALT[:-1]}:{PLAIN}",
        f"{SALT.upper()}:{PLAIN}",
        f"{SALT}:{PLAIN}\n",
        f" {SALT}:{PLAIN}",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA",
    ],
    ids=lambda hashed: f"{hashed!r:.20}",
)
def test_what_is_no_such_hash_is_told_so(hashed: str) -> None:
    assert scrypt_matches("correct horse 1", hashed) is None


async def test_a_hasher_that_knows_the_former_hashes_takes_them_and_calls_them_outdated() -> None:
    former = PasswordHash(f"{SALT}:{PLAIN}")

    async with Argon2Hasher(cost=Argon2Cost(memory_kib=8, passes=1), former=scrypt_matches) as hasher:
        assert await hasher.verify(Password("correct horse 1"), former)
        assert not await hasher.verify(Password("correct horse 2"), former)
        assert hasher.is_outdated(former)

        renewed = await hasher.hash(Password("correct horse 1"))
        assert await hasher.verify(Password("correct horse 1"), renewed)
        assert not hasher.is_outdated(renewed)


async def test_a_hasher_that_does_not_know_them_takes_none() -> None:
    async with Argon2Hasher(cost=Argon2Cost(memory_kib=8, passes=1)) as hasher:
        assert not await hasher.verify(Password("correct horse 1"), PasswordHash(f"{SALT}:{PLAIN}"))
