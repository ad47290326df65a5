import pytest
from hypothesis import given
from hypothesis import strategies as st

from todo.domain.errors import (
    CharacterForbidden,
    DescriptionTooLong,
    EmailMalformed,
    NameTooLong,
    PasswordTooLong,
    PasswordTooShort,
    TitleBlank,
    TitleTooLong,
)
from todo.domain.model.task import Description, Title
from todo.domain.model.text import Text, visible
from todo.domain.model.user import Email, Name, Password, UserId, new_user_id

SMILE = "\N{GRINNING FACE}"
UNSTORABLE = ["a\0b", "\0", "\ud800", "a\udfff", "\ud83d\ude00", "\udcff"]
WHITE_SPACE = ["", " ", "   ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\x1f", " \t\n\u2028 "]


class TestTitle:
    @pytest.mark.parametrize("text", ["x", " x ", "x\n", "\u200b", "x" * 500, SMILE * 500, f"{' ' * 499}x", "\x7f"])
    def test_is_taken_exactly_as_given(self, text: str) -> None:
        assert Title(text) == text

    @pytest.mark.parametrize("text", [*WHITE_SPACE, " " * 501])
    def test_needs_something_to_read(self, text: str) -> None:
        with pytest.raises(TitleBlank):
            Title(text)

    @pytest.mark.parametrize("text", ["x" * 501, SMILE * 501, f"{'x' * 500} ", "x" * 100_000])
    def test_ends_at_500_code_points(self, text: str) -> None:
        with pytest.raises(TitleTooLong):
            Title(text)

    @pytest.mark.parametrize("text", UNSTORABLE)
    def test_holds_only_what_can_be_stored(self, text: str) -> None:
        with pytest.raises(CharacterForbidden):
            Title(text)


class TestDescription:
    @pytest.mark.parametrize("text", ["", " ", "\n\n", "x", " x ", "x" * 16_384, SMILE * 16_384])
    def test_is_taken_exactly_as_given(self, text: str) -> None:
        assert Description(text) == text

    @pytest.mark.parametrize("text", ["x" * 16_385, SMILE * 16_385])
    def test_ends_at_16384_code_points(self, text: str) -> None:
        with pytest.raises(DescriptionTooLong):
            Description(text)

    @pytest.mark.parametrize("text", UNSTORABLE)
    def test_holds_only_what_can_be_stored(self, text: str) -> None:
        with pytest.raises(CharacterForbidden):
            Description(text)


class TestName:
    @pytest.mark.parametrize("text", ["", " ", "Ада", "x" * 255, SMILE * 255])
    def test_is_taken_exactly_as_given(self, text: str) -> None:
        assert Name(text) == text

    @pytest.mark.parametrize("text", ["x" * 256, SMILE * 256])
    def test_ends_at_255_code_points(self, text: str) -> None:
        with pytest.raises(NameTooLong):
            Name(text)

    @pytest.mark.parametrize("text", UNSTORABLE)
    def test_holds_only_what_can_be_stored(self, text: str) -> None:
        with pytest.raises(CharacterForbidden):
            Name(text)

    def test_of_who_gave_none_is_the_first_part_of_the_address(self) -> None:
        assert Name.from_email(Email("Ada.Lovelace+todo@example.com")) == "ada.lovelace+todo"


class TestEmail:
    @pytest.mark.parametrize(
        "text",
        [
            "ada@example.com",
            "a@b.co",
            "a.d.a+todo@mail.example.com",
            "_ada_@example.com",
            "o'hara@example.com",
            "-@example.com",
            "ada@1-2.example.com",
            "ada@a-.example.com",
            f"{'a' * 242}@example.com",
        ],
    )
    def test_takes_what_better_auth_takes(self, text: str) -> None:
        assert Email(text) == text

    @pytest.mark.parametrize("text", ["ADA@EXAMPLE.COM", "Ada@Example.Com", "ada@example.COM"])
    def test_two_spellings_of_one_address_are_one(self, text: str) -> None:
        assert Email(text) == "ada@example.com"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "ada",
            "@example.com",
            "ada@",
            "ada@@example.com",
            "ada@example",
            "ada@example.c",
            "ada@example.1m",
            "ada@.example.com",
            "ada@-example.com",
            "ada@example..com",
            "ada@example.com.",
            ".ada@example.com",
            "ada.@example.com",
            "a..da@example.com",
            "ada'@example.com",
            " ada@example.com",
            "ada@example.com ",
            "ada@example.com\n",
            "a da@example.com",
            '"ada"@example.com',
            "ada@[192.0.2.1]",
            "Ada <ada@example.com>",
            "ada@example.com,bob@example.com",
            "ada@exa_mple.com",
            "ада@example.com",
            "ada@пример.рф",
            "ada@example.co\u0131",
            "\u212aada@example.com",
            "ada@example.com\0",
            "ada\ud800@example.com",
            f"{'a' * 243}@example.com",
            "@" * 100_000,
        ],
    )
    def test_refuses_what_is_no_address(self, text: str) -> None:
        with pytest.raises(EmailMalformed):
            Email(text)

    @given(st.text())
    def test_whatever_is_taken_is_ascii_in_lower_case_and_has_two_sides(self, text: str) -> None:
        try:
            email = Email(text)
        except EmailMalformed:
            return

        local, _, domain = email.partition("@")
        assert email.isascii()
        assert email == email.lower()
        assert local
        assert "." in domain

    def test_hostile_text_is_refused_without_delay(self) -> None:
        for part in ("a.", "a-", "-", "a@", "a.a@a."):
            with pytest.raises(EmailMalformed):
                Email((part * 127)[:253] + "!")

    def test_a_placeholder_tells_the_id_and_reaches_nobody(self) -> None:
        assert Email.placeholder(UserId("usr_ABC")) == "usr_abc@users.invalid"

    def test_placeholders_of_ids_that_differ_only_in_case_are_the_same_but_the_unmistakable_ones_are_not(self) -> None:
        small, big = UserId("visitor"), UserId("Visitor")

        assert Email.placeholder(small) == Email.placeholder(big)
        assert Email.unmistakable_placeholder(small) != Email.unmistakable_placeholder(big)
        assert Email.unmistakable_placeholder(small) != Email.placeholder(small)
        assert Email.unmistakable_placeholder(small).endswith("@users.invalid")


class TestPassword:
    @pytest.mark.parametrize("text", ["x" * 8, "x" * 128, SMILE * 8, SMILE * 128, " " * 8, "a\0b\nc\td\r", " passwd "])
    def test_is_taken_exactly_as_given(self, text: str) -> None:
        assert Password(text) == text

    @pytest.mark.parametrize("text", ["", "x" * 7, SMILE * 7, "e\N{COMBINING ACUTE ACCENT}" * 3])
    def test_begins_at_8_code_points(self, text: str) -> None:
        with pytest.raises(PasswordTooShort):
            Password(text)

    @pytest.mark.parametrize("text", ["x" * 129, SMILE * 129])
    def test_ends_at_128_code_points(self, text: str) -> None:
        with pytest.raises(PasswordTooLong):
            Password(text)

    @pytest.mark.parametrize("text", ["", "x", "x" * 128])
    def test_an_attempt_may_be_short(self, text: str) -> None:
        assert Password.attempt(text) == text

    def test_an_attempt_may_not_be_long(self) -> None:
        with pytest.raises(PasswordTooLong):
            Password.attempt("x" * 129)

    def test_is_not_shown(self) -> None:
        secret = Password("correct horse")

        assert "horse" not in repr(secret)
        assert "horse" not in f"{[secret]} {secret!r}"


class TestKnownTexts:
    @pytest.mark.parametrize("kind", [Title, Description, Name, Email])
    def test_what_was_kept_once_stays_readable_when_rules_change(self, kind: type[Text]) -> None:
        for kept in ("", " ", "x" * 20_000, "No address"):
            known = kind.known(kept)

            assert known == kept
            assert type(known) is kind


class TestUserIds:
    def test_a_new_one_says_whose_it_is_and_fits_in_a_path(self) -> None:
        fresh = new_user_id()

        assert fresh.removeprefix("usr_").isalnum()
        assert fresh == fresh.lower()
        assert fresh.isascii()
        assert len(fresh) == 28

    def test_no_two_are_the_same(self) -> None:
        assert len({new_user_id() for _ in range(1000)}) == 1000


def test_what_a_terminal_would_obey_is_shown() -> None:
    assert visible("a\x1b[31m\x9b0m\r\n\u2028ü") == r"a\x1b[31m\x9b0m\r\n\u2028ü"
