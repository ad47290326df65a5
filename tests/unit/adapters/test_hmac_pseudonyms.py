from tests.builders import SECRET
from todo.adapters.hmac_pseudonyms import HmacPseudonyms
from todo.adapters.hmac_signatures import HmacSignatures


def test_the_same_words_have_the_same_pseudonym_always() -> None:
    assert HmacPseudonyms(SECRET).of("account", "ada@example.com") == HmacPseudonyms(SECRET).of(
        "account", "ada@example.com"
    )


def test_other_words_have_another() -> None:
    pseudonyms = HmacPseudonyms(SECRET)
    words = [("a", "b"), ("ab",), ("a", "b", ""), ("b", "a"), ("", "ab"), ("\ud800",), ("💥",)]

    assert len({pseudonyms.of(*several) for several in words}) == len(words)


def test_it_is_short_and_tells_nothing_of_the_words() -> None:
    pseudonym = HmacPseudonyms(SECRET).of("network", "203.0.113.7")

    assert len(pseudonym) == 16
    assert "203" not in pseudonym.decode("latin-1")


def test_with_another_secret_it_is_another() -> None:
    assert HmacPseudonyms(SECRET).of("a") != HmacPseudonyms(SECRET[::-1]).of("a")


def test_it_is_no_signature_of_the_words() -> None:
    signed = HmacSignatures(SECRET).sign("a")

    assert HmacPseudonyms(SECRET).of("a").hex() not in signed
