import pytest

from todo.adapters.hmac_signatures import HmacSignatures
from todo.domain.errors import TokenInvalid

SECRET = "reference-secret-0123456789-abcdefghijklmnopqrstuvwxyz"
TOKEN = "gRzRslJgjyBEfKWmzCpY7Avt1bszG1DE"
SIGNATURE = "utl4By9Tx1xkfQAW4gbNwYozgLekdT0gvEQCIHWbJLE="
SIGNED = f"{TOKEN}.{SIGNATURE}"
KEPT_TRUE = "true.3kWXGS2DCTGCCZUVC4o2kzdAz8UFUIUbKuJIM079wHg="


@pytest.fixture
def signatures() -> HmacSignatures:
    return HmacSignatures(SECRET)


@pytest.mark.parametrize(("text", "signed"), [(TOKEN, SIGNED), ("true", KEPT_TRUE)])
def test_texts_are_signed_as_better_auth_signs_them(signatures: HmacSignatures, text: str, signed: str) -> None:
    assert signatures.sign(text) == signed
    assert signatures.verify(signed) == text


@pytest.mark.parametrize("text", ["", "a", "a.b", ".", "x" * 400])
def test_what_was_signed_is_given_back(signatures: HmacSignatures, text: str) -> None:
    assert signatures.verify(signatures.sign(text)) == text


@pytest.mark.parametrize(
    "signed",
    [
        "",
        ".",
        TOKEN,
        f"{TOKEN}.",
        f"{TOKEN}.{SIGNATURE[:-1]}",
        f"{TOKEN}.{SIGNATURE}=",
        f"{TOKEN}.{SIGNATURE} ",
        f"{TOKEN}{SIGNATURE}",
        f"{TOKEN[:-1]}.{SIGNATURE}",
        f"{TOKEN}x.{SIGNATURE}",
        f".{SIGNATURE}",
        f"{TOKEN}.{SIGNATURE.swapcase()}",
        f"{TOKEN}.utl4By9Tx1xkfQAW4gbNwYozgLekdT0gvEQCIHWbJLE\N{EQUALS SIGN}\N{SNOWMAN}",
        f"\ud800.{SIGNATURE}",
        f"{TOKEN}.{SIGNATURE.replace('=', '%3D')}",
        "x" * 100_000,
        f"{'x' * 100_000}.{SIGNATURE}",
    ],
    ids=lambda signed: f"{signed!a:.20}",
)
def test_what_we_have_not_signed_is_told_so(signatures: HmacSignatures, signed: str) -> None:
    with pytest.raises(TokenInvalid):
        signatures.verify(signed)


def test_what_others_have_signed_is_told_so(signatures: HmacSignatures) -> None:
    with pytest.raises(TokenInvalid):
        signatures.verify(HmacSignatures(SECRET[::-1]).sign(TOKEN))


def test_what_the_previous_secret_has_signed_is_good_and_nothing_new_is_signed_with_it() -> None:
    rotated = HmacSignatures("a-new-secret-of-more-than-32-bytes-ZYXWVU", previous=SECRET)

    assert rotated.verify(SIGNED) == TOKEN
    assert rotated.sign(TOKEN) != SIGNED
    assert rotated.verify(rotated.sign(TOKEN)) == TOKEN


def test_a_third_secret_is_as_bad_as_ever() -> None:
    rotated = HmacSignatures(SECRET, previous="a-new-secret-of-more-than-32-bytes-ZYXWVU")

    with pytest.raises(TokenInvalid):
        rotated.verify(HmacSignatures("another-secret-of-more-than-32-bytes-ABC").sign(TOKEN))
