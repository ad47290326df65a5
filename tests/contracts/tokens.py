"""What everything that signs tokens promises."""

import pytest

from tests.builders import ADA, BOB, LATER, NOON, a_session, claims
from todo.domain.errors import TokenInvalid
from todo.domain.model.principal import Claims
from todo.domain.model.user import UserId
from todo.domain.ports.tokens import Tokens

NO_TOKENS = ["", " ", ".", "..", "...", "a.b.c", "a", "\0", "\N{GRINNING FACE}", "\ud800", "null", "{}", "x" * 100_000]


class TokensContract:
    """Subclass it, and provide the fixtures `tokens` and `strangers`, which sign with two secrets."""

    async def test_a_token_says_what_was_signed(self, tokens: Tokens) -> None:
        signed = Claims.of(a_session(ADA), at=NOON)

        assert tokens.read(tokens.issue(signed)) == signed

    async def test_a_token_need_not_name_a_session(self, tokens: Tokens) -> None:
        assert tokens.read(tokens.issue(claims(ADA))).session is None

    @pytest.mark.parametrize("subject", ["a", "usr_" + "x" * 251, "пользователь", "\N{SNOWMAN}" * 255, "a/b c%2F"])
    async def test_any_user_id_can_be_signed(self, tokens: Tokens, subject: str) -> None:
        assert tokens.read(tokens.issue(claims(UserId(subject)))).subject == subject

    async def test_the_time_does_not_matter_when_reading(self, tokens: Tokens) -> None:
        long_ago = claims(issued=1.0, expires=2.0)
        far_ahead = claims(issued=9e9, expires=9.1e9)

        assert tokens.read(tokens.issue(long_ago)) == long_ago
        assert tokens.read(tokens.issue(far_ahead)) == far_ahead

    async def test_each_token_is_read_for_itself_however_often(self, tokens: Tokens) -> None:
        of_ada, of_bob = tokens.issue(claims(ADA)), tokens.issue(claims(BOB))

        read = [tokens.read(token).subject for token in (of_ada, of_bob, of_ada, of_bob)]

        assert read == [ADA, BOB, ADA, BOB]

    async def test_two_sessions_of_one_user_have_two_tokens(self, tokens: Tokens) -> None:
        first, second = (tokens.issue(Claims.of(a_session(ADA), at=NOON)) for _ in range(2))

        assert first != second

    async def test_a_slid_session_has_another_token(self, tokens: Tokens) -> None:
        session = a_session(ADA)

        first = tokens.issue(Claims.of(session, at=NOON))
        second = tokens.issue(Claims.of(session.slide(at=LATER), at=LATER))

        assert first != second

    async def test_what_others_signed_is_no_token(self, tokens: Tokens, strangers: Tokens) -> None:
        foreign = strangers.issue(claims())

        with pytest.raises(TokenInvalid):
            tokens.read(foreign)

    async def test_a_foreign_token_stays_foreign_when_shown_again(self, tokens: Tokens, strangers: Tokens) -> None:
        foreign = strangers.issue(claims())
        with pytest.raises(TokenInvalid):
            tokens.read(foreign)

        with pytest.raises(TokenInvalid):
            tokens.read(foreign)

    async def test_a_token_that_lost_its_end_is_none(self, tokens: Tokens) -> None:
        token = tokens.issue(claims())

        for length in range(len(token)):
            with pytest.raises(TokenInvalid):
                tokens.read(token[:length])

    @pytest.mark.parametrize("text", NO_TOKENS)
    async def test_what_is_no_token_is_told_so(self, tokens: Tokens, text: str) -> None:
        with pytest.raises(TokenInvalid):
            tokens.read(text)
