import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.builders import ADA, NOON, SECRET, a_session, claims
from tests.contracts.tokens import TokensContract
from todo.adapters.jwt_tokens import JwtTokens
from todo.domain.errors import TokenExpired, TokenInvalid, TokenWithoutSubject
from todo.domain.model.principal import Claims
from todo.domain.ports.tokens import Tokens

NOW = int(NOON.timestamp())
HEADER: dict[str, Any] = {"alg": "HS256", "typ": "JWT"}
GOOD: dict[str, Any] = {
    "iss": "better-auth",
    "aud": "fastapi-backend",
    "sub": ADA,
    "iat": NOW,
    "exp": NOW + 3600,
}
ABSENT = object()
NO_TEXTS: list[object] = [None, True, False, 0, 1, 1.5, [], ["x"], {}, {"x": "y"}]
NO_TIMES: list[object] = [None, True, False, "", "soon", str(NOW), "1e9", [], [NOW], {}, {"x": NOW}]
NO_NUMBERS = ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" + "0" * 400, "-1" + "0" * 400, "1" * 4400]
"""As JSON of Python would have them, or would not. None of them is a moment."""


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def signed(header: bytes, payload: bytes, *, secret: str = SECRET, digest: str = "sha256") -> str:
    """A token of any bytes, with a signature that is good."""
    body = f"{encoded(header)}.{encoded(payload)}"
    return f"{body}.{encoded(hmac.digest(secret.encode(), body.encode(), digest))}"


def a_token(header: Mapping[str, object] | None = None, /, **changed: Any) -> str:
    """Signed with our secret; good but for what is changed."""
    payload = {name: value for name, value in (GOOD | changed).items() if value is not ABSENT}
    return signed(as_json(HEADER if header is None else header), as_json(payload))


def with_number(claim: str, number: str) -> str:
    payload = as_json({name: value for name, value in GOOD.items() if name != claim})
    return signed(as_json(HEADER), payload[:-1] + f', "{claim}": {number}}}'.encode())


@pytest.fixture
def tokens() -> JwtTokens:
    return JwtTokens(SECRET)


class TestJwtTokens(TokensContract):
    @pytest.fixture
    def tokens(self) -> Tokens:
        return JwtTokens(SECRET)

    @pytest.fixture
    def strangers(self) -> Tokens:
        return JwtTokens(SECRET[::-1])


class TestTheForm:
    def test_is_what_other_holders_of_the_secret_expect(self, tokens: JwtTokens) -> None:
        session = a_session(ADA, at=NOON)

        token = tokens.issue(Claims.of(session, at=NOON))

        assert jwt.get_unverified_header(token) == HEADER
        assert jwt.decode(token, options={"verify_signature": False}) == {
            "iss": "better-auth",
            "aud": "fastapi-backend",
            "sub": ADA,
            "iat": NOW,
            "exp": NOW + 604_800,
            "sid": session.id,
        }

    def test_has_whole_seconds_without_a_point(self, tokens: JwtTokens) -> None:
        token = tokens.issue(Claims.of(a_session(ADA, at=NOON), at=NOON))

        payload = base64.urlsafe_b64decode(token.split(".")[1] + "==")

        assert f'"iat":{NOW},'.encode() in payload
        assert b".0" not in payload

    def test_is_signed_with_the_bytes_of_the_text_of_the_secret(self, tokens: JwtTokens) -> None:
        token = tokens.issue(claims())

        with pytest.raises(jwt.InvalidSignatureError):
            jwt.api_jws.decode(token, bytes.fromhex(SECRET), algorithms=["HS256"])
        assert jwt.api_jws.decode(token, SECRET.encode(), algorithms=["HS256"])

    def test_fits_in_a_cookie(self, tokens: JwtTokens) -> None:
        token = tokens.issue(Claims.of(a_session(ADA), at=NOON))

        assert len(token) < 500
        assert token.isascii()


class TestGoodTokens:
    def test_say_who_is_asking(self, tokens: JwtTokens) -> None:
        assert tokens.read(a_token()) == Claims(subject=ADA, issued=NOW, expires=NOW + 3600)

    def test_may_say_more(self, tokens: JwtTokens) -> None:
        token = a_token(sid="a session", nbf=NOW - 1, email="ada@example.com", name="Ada", jti="1", roles=[{}])

        assert tokens.read(token) == Claims(
            subject=ADA,
            issued=NOW,
            expires=NOW + 3600,
            not_before=NOW - 1,
            session=a_session(id="a session").id,
            email="ada@example.com",
        )

    @pytest.mark.parametrize(
        "audience",
        [["fastapi-backend"], ["another", "fastapi-backend"], ["fastapi-backend", "another"], ["fastapi-backend"] * 3],
    )
    def test_may_be_for_others_too(self, tokens: JwtTokens, audience: list[str]) -> None:
        assert tokens.read(a_token(aud=audience)).subject == ADA

    @pytest.mark.parametrize("header", [{"alg": "HS256"}, HEADER | {"typ": "at+jwt"}, HEADER | {"typ": "jwt"}])
    def test_need_not_name_their_type(self, tokens: JwtTokens, header: dict[str, Any]) -> None:
        assert tokens.read(a_token(header)).subject == ADA

    @pytest.mark.parametrize(
        "more",
        [
            {"kid": "another-key"},
            {"kid": "../../dev/null"},
            {"jku": "https://attacker.example.com/keys"},
            {"x5u": "https://attacker.example.com/cert"},
            {"jwk": {"kty": "oct", "k": "YQ"}},
        ],
    )
    def test_do_not_choose_their_key(self, tokens: JwtTokens, more: dict[str, Any]) -> None:
        header = HEADER | more
        body = as_json(GOOD)

        assert tokens.read(a_token(header)).subject == ADA
        with pytest.raises(TokenInvalid):
            tokens.read(signed(as_json(header), body, secret="a"))

    @pytest.mark.parametrize("moment", [NOW + 0.5, NOW - 0.001, 0, -1, 1e15])
    def test_may_have_fractions_of_seconds_and_any_moment(self, tokens: JwtTokens, moment: float) -> None:
        read = tokens.read(a_token(iat=moment, exp=moment, nbf=moment))

        assert (read.issued, read.expires, read.not_before) == (moment, moment, moment)

    @pytest.mark.parametrize("email", [*NO_TEXTS, "", "a\0b", "\ud800@example.com", "x" * 256, "\N{SNOWMAN}" * 256])
    def test_with_an_address_that_cannot_be_kept_have_none(self, tokens: JwtTokens, email: object) -> None:
        read = tokens.read(a_token(email=email))

        assert (read.subject, read.email) == (ADA, None)

    @pytest.mark.parametrize("subject", ["x" * 255, "\N{SNOWMAN}" * 255, " ", "a/b", "1"])
    def test_may_have_any_subject_that_can_be_kept(self, tokens: JwtTokens, subject: str) -> None:
        assert tokens.read(a_token(sub=subject)).subject == subject


class TestBadAlgorithms:
    @pytest.mark.parametrize(
        "algorithm",
        ["none", "None", "NONE", "nOnE", "", "HS384", "HS512", "hs256", "HS256 ", "RS256", "ES256", "PS256", "EdDSA"],
    )
    def test_are_refused_with_a_good_signature_and_without_one(self, tokens: JwtTokens, algorithm: str) -> None:
        header = HEADER | {"alg": algorithm}
        unsigned = f"{encoded(as_json(header))}.{encoded(as_json(GOOD))}."

        for token in (a_token(header), unsigned, unsigned.rstrip(".")):
            with pytest.raises(TokenInvalid):
                tokens.read(token)

    @pytest.mark.parametrize(("algorithm", "digest"), [("HS384", "sha384"), ("HS512", "sha512"), ("HS256", "sha512")])
    def test_are_refused_with_a_signature_that_is_good_by_them(
        self, tokens: JwtTokens, algorithm: str, digest: str
    ) -> None:
        token = signed(as_json(HEADER | {"alg": algorithm}), as_json(GOOD), digest=digest)

        with pytest.raises(TokenInvalid):
            tokens.read(token)

    @pytest.mark.parametrize("algorithm", [None, True, 0, 256, ["HS256"], [], {}, {"HS256": 1}])
    def test_are_refused_when_they_are_no_text(self, tokens: JwtTokens, algorithm: object) -> None:
        with pytest.raises(TokenInvalid):
            tokens.read(a_token({"alg": algorithm, "typ": "JWT"}))

    def test_are_refused_when_there_is_none(self, tokens: JwtTokens) -> None:
        with pytest.raises(TokenInvalid):
            tokens.read(a_token({"typ": "JWT"}))

    @pytest.mark.parametrize(
        "more",
        [
            {"crit": ["exp"]},
            {"crit": ["b64"]},
            {"crit": ["b64"], "b64": False},
            {"crit": []},
            {"crit": "exp"},
            {"crit": None},
            {"crit": [1]},
            {"crit": ["urn:example:unknown"], "urn:example:unknown": 1},
            {"b64": False},
            {"kid": 1},
            {"kid": ["x"]},
        ],
    )
    def test_and_so_are_headers_that_ask_for_what_we_do_not_do(self, tokens: JwtTokens, more: dict[str, Any]) -> None:
        with pytest.raises(TokenInvalid):
            tokens.read(a_token(HEADER | more))


class TestBadClaims:
    @pytest.mark.parametrize("claim", ["iss", "aud", "iat", "exp"])
    def test_that_are_missing_are_refused(self, tokens: JwtTokens, claim: str) -> None:
        with pytest.raises(TokenInvalid):
            tokens.read(a_token(**{claim: ABSENT}))

    @pytest.mark.parametrize("issuer", [*NO_TEXTS, "", "Better-Auth", "better-auth ", "better", ["better-auth"]])
    def test_of_another_issuer_are_refused(self, tokens: JwtTokens, issuer: object) -> None:
        with pytest.raises(TokenInvalid):
            tokens.read(a_token(iss=issuer))

    @pytest.mark.parametrize(
        "audience",
        [
            *NO_TEXTS,
            "",
            "another",
            "FastAPI-Backend",
            "fastapi-backend ",
            "fastapi",
            ["another"],
            [["fastapi-backend"]],
            ["fastapi-backend", 1],
            ["fastapi-backend", None],
            {"fastapi-backend": True},
        ],
    )
    def test_for_another_audience_are_refused(self, tokens: JwtTokens, audience: object) -> None:
        with pytest.raises(TokenInvalid):
            tokens.read(a_token(aud=audience))

    @pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
    @pytest.mark.parametrize("moment", NO_TIMES)
    def test_with_times_that_are_no_numbers_are_refused(self, tokens: JwtTokens, claim: str, moment: object) -> None:
        with pytest.raises(TokenInvalid):
            tokens.read(a_token(**{claim: moment}))

    @pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
    @pytest.mark.parametrize("number", NO_NUMBERS)
    def test_with_times_that_are_no_moments_are_never_valid(self, tokens: JwtTokens, claim: str, number: str) -> None:
        with pytest.raises((TokenInvalid, TokenExpired)):
            tokens.read(with_number(claim, number)).require_valid(at=NOON)

    @pytest.mark.parametrize("subject", [ABSENT, ""])
    def test_without_a_subject_are_told_apart(self, tokens: JwtTokens, subject: object) -> None:
        read = tokens.read(a_token(sub=subject))

        with pytest.raises(TokenWithoutSubject):
            read.require_valid(at=NOON)

    @pytest.mark.parametrize("subject", [*NO_TEXTS, "a\0b", "\ud800", "x" * 256, "\N{SNOWMAN}" * 256])
    def test_with_a_subject_that_cannot_be_a_user_are_refused(self, tokens: JwtTokens, subject: object) -> None:
        with pytest.raises(TokenInvalid):
            tokens.read(a_token(sub=subject))

    @pytest.mark.parametrize("session", [*NO_TEXTS, "a\0b", "\ud800"])
    def test_with_a_session_that_cannot_be_one_are_refused(self, tokens: JwtTokens, session: object) -> None:
        with pytest.raises(TokenInvalid):
            tokens.read(a_token(sid=session))

    @pytest.mark.parametrize(
        "payload",
        [
            b"",
            b"null",
            b"[]",
            b'"text"',
            b"1",
            b"true",
            b"{",
            b"\xff",
            b"[" * 2000,
            b'{"exp":' * 300,
            as_json(GOOD)[:-1],
            as_json(GOOD) + b"x",
        ],
    )
    def test_that_are_no_object_are_refused(self, tokens: JwtTokens, payload: bytes) -> None:
        with pytest.raises(TokenInvalid):
            tokens.read(signed(as_json(HEADER), payload))

    @pytest.mark.parametrize("header", [b"", b"null", b"[]", b'"HS256"', b"1", b"{", b"\xff", b"[" * 2000])
    def test_and_headers_that_are_no_object_are_refused(self, tokens: JwtTokens, header: bytes) -> None:
        with pytest.raises(TokenInvalid):
            tokens.read(signed(header, as_json(GOOD)))

    def test_of_two_of_one_name_none_escapes_the_checks(self, tokens: JwtTokens) -> None:
        twice = as_json(GOOD)[:-1] + b', "exp": "never"}'

        with pytest.raises(TokenInvalid):
            tokens.read(signed(as_json(HEADER), twice))


class TestBadText:
    @pytest.mark.parametrize(
        "spoil",
        [
            lambda token: " " + token,
            lambda token: token + " ",
            lambda token: token + "\n",
            lambda token: token + "=",
            lambda token: token + ".",
            lambda token: "." + token,
            lambda token: token + ".x",
            lambda token: token.replace(".", "", 1),
            lambda token: token.replace(".", " ", 1),
            lambda token: token.rpartition(".")[0] + ".",
            lambda token: token.rpartition(".")[0] + "." + "A" * 43,
            lambda token: token.upper(),
            lambda token: token[::-1],
            lambda token: "Bearer " + token,
            lambda token: token + "\0",
            lambda token: token + "\ud800",
            lambda token: "\ufeff" + token,
            lambda token: token.replace("e", "\N{CYRILLIC SMALL LETTER IE}"),
            lambda token: token + "x" * 4096,
        ],
    )
    def test_around_or_in_a_token_spoils_it(self, tokens: JwtTokens, spoil: Any) -> None:
        token = a_token()
        assert tokens.read(token).subject == ADA

        with pytest.raises(TokenInvalid):
            tokens.read(spoil(token))

    def test_no_change_of_a_single_character_goes_unnoticed(self, tokens: JwtTokens) -> None:
        token = a_token()

        for place, character in enumerate(token[:-1]):  # of the last character two bits mean nothing
            other = "A" if character != "A" else "B"
            with pytest.raises(TokenInvalid):
                tokens.read(token[:place] + other + token[place + 1 :])

    def test_of_more_than_4096_characters_is_no_token_however_good(self, tokens: JwtTokens) -> None:
        longest = next(token for n in range(2500, 3100) if len(token := a_token(filling="x" * n)) >= 4093)
        too_long = a_token(filling="x" * 3100)

        assert len(longest) <= 4096 < len(too_long)
        assert tokens.read(longest).subject == ADA
        with pytest.raises(TokenInvalid):
            tokens.read(too_long)


def outcome_of(tokens: JwtTokens, token: str) -> Claims | None:
    """Anything but claims and the refusal that the port allows is an error."""
    try:
        return tokens.read(token)
    except TokenInvalid:
        return None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


class TestWhateverIsShown:
    @settings(max_examples=150)
    @given(st.data())
    def test_a_token_that_was_changed_anywhere_is_refused(self, data: st.DataObject) -> None:
        token = a_token()
        begin = data.draw(st.integers(0, len(token)))
        end = data.draw(st.integers(begin, min(len(token), begin + 8)))
        mutated = token[:begin] + data.draw(st.text(max_size=8)) + token[end:]

        said = outcome_of(JwtTokens(SECRET), mutated)

        assert said is None or said == JwtTokens(SECRET).read(token)

    @settings(max_examples=150)
    @given(st.sampled_from(["iss", "aud", "sub", "iat", "exp", "nbf", "sid", "email", "jti", "crit"]), JSON)
    @example("exp", 10**400)
    @example("nbf", float("nan"))
    @example("aud", {"fastapi-backend": None})
    def test_claims_of_any_kind_are_read_or_refused(self, claim: str, value: object) -> None:
        said = outcome_of(JwtTokens(SECRET), a_token(**{claim: value}))

        if said is not None:
            assert isinstance(said.subject, str)
            assert isinstance(said.expires, float)
            assert isinstance(said.issued, float)
            assert isinstance(said.session, str | None)
            assert isinstance(said.email, str | None)

    @settings(max_examples=150)
    @given(st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "b64", "cty", "x5c"]), JSON))
    def test_headers_of_any_kind_are_read_or_refused(self, header: dict[str, object]) -> None:
        said = outcome_of(JwtTokens(SECRET), a_token(header))

        assert said is None or header["alg"] == "HS256"

    @settings(max_examples=150)
    @given(st.binary(max_size=80), st.binary(max_size=80))
    def test_signed_bytes_of_any_kind_are_refused(self, header: bytes, payload: bytes) -> None:
        assert outcome_of(JwtTokens(SECRET), signed(header, payload)) is None
        assert outcome_of(JwtTokens(SECRET), signed(as_json(HEADER), payload)) is None

    @settings(max_examples=150)
    @given(st.text())
    def test_text_of_any_kind_is_refused(self, text: str) -> None:
        assert outcome_of(JwtTokens(SECRET), text) is None


class TestWhatIsRemembered:
    def test_is_bounded(self) -> None:
        tokens = JwtTokens(SECRET, remembered=3)
        shown = [a_token(jti=str(number)) for number in range(10)]

        for token in shown * 2:
            assert tokens.read(token).subject == ADA
            assert len(tokens._known) <= 3

    def test_is_nothing_of_what_was_refused(self) -> None:
        tokens = JwtTokens(SECRET, remembered=3)

        for number in range(10):
            with pytest.raises(TokenInvalid):
                tokens.read(a_token(aud="another", jti=str(number)))
            with pytest.raises(TokenInvalid):
                tokens.read("x" * 5000)

        assert not tokens._known

    def test_says_the_same_each_time(self) -> None:
        tokens = JwtTokens(SECRET, remembered=1)
        first, second = a_token(), a_token(sub="usr_bob")

        assert [tokens.read(token).subject for token in (first, first, second, first)] == [
            ADA,
            ADA,
            "usr_bob",
            ADA,
        ]

    def test_hides_no_expiry(self, tokens: JwtTokens) -> None:
        token = a_token(exp=NOW + 1)
        tokens.read(token).require_valid(at=NOON)

        with pytest.raises(TokenExpired):
            tokens.read(token).require_valid(at=NOON.replace(second=1))


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(jwt.InvalidKeyError):
        JwtTokens("too short").issue(claims())


class TestAChangeOfTheSecret:
    OLD = SECRET[::-1]

    def test_tokens_of_the_previous_secret_are_read(self) -> None:
        token = JwtTokens(self.OLD).issue(claims())

        assert JwtTokens(SECRET, previous=self.OLD).read(token) == claims()

    def test_new_tokens_are_signed_with_the_new_one(self) -> None:
        token = JwtTokens(SECRET, previous=self.OLD).issue(claims())

        assert JwtTokens(SECRET).read(token) == claims()
        with pytest.raises(TokenInvalid):
            JwtTokens(self.OLD).read(token)

    def test_tokens_of_any_other_secret_and_odd_ones_are_refused_as_ever(self) -> None:
        tokens = JwtTokens(SECRET, previous=self.OLD)

        for token in (
            JwtTokens("a third secret of more than 32 bytes").issue(claims()),
            signed(as_json({"alg": "none"}), as_json(GOOD), secret=self.OLD),
            signed(as_json(HEADER), as_json(GOOD | {"aud": "else"}), secret=self.OLD),
            signed(as_json({"alg": "HS512"}), as_json(GOOD), secret=self.OLD, digest="sha512"),
        ):
            with pytest.raises(TokenInvalid):
                tokens.read(token)
