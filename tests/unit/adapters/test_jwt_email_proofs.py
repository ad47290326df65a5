import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest

from tests.builders import ADA, NOON, SECRET, a_session, a_user, claims
from tests.contracts.tokens import NO_TOKENS
from todo.adapters.hmac_signatures import HmacSignatures
from todo.adapters.jwt_email_proofs import JwtEmailProofs
from todo.adapters.jwt_tokens import JwtTokens
from todo.domain.errors import TokenInvalid
from todo.domain.model.principal import Claims
from todo.domain.model.ticket import EmailProof
from todo.domain.model.user import Email, UserId

ADDRESS = Email("ada@example.com")
PERSON = a_user(email=ADDRESS)
PROOF = EmailProof.of(PERSON, at=NOON)
CHANGE = EmailProof.of(PERSON, new_email=Email("else@example.com"), at=NOON)
NOW = int(NOON.timestamp())


@pytest.fixture
def proofs() -> JwtEmailProofs:
    return JwtEmailProofs(SECRET)


def signed(payload: dict[str, Any], *, secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(payload, secret, algorithm=algorithm)


def parts_of(token: str) -> tuple[Any, Any]:
    header, payload, _ = token.split(".")
    first, second = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload))
    return first, second


@pytest.mark.parametrize("proof", [PROOF, CHANGE])
def test_a_proof_says_what_was_signed(proofs: JwtEmailProofs, proof: EmailProof) -> None:
    assert proofs.read(proofs.issue(proof)) == proof


def test_a_proof_is_good_for_an_hour_and_the_time_does_not_matter_when_reading(proofs: JwtEmailProofs) -> None:
    old = EmailProof.of(PERSON, at=NOON - timedelta(days=1000))

    assert PROOF.expires == NOW + 3600
    assert proofs.read(proofs.issue(old)) == old


def test_a_proof_has_the_form_of_better_auths(proofs: JwtEmailProofs) -> None:
    header, payload = parts_of(proofs.issue(PROOF))
    _, change = parts_of(proofs.issue(CHANGE))

    assert header == {"alg": "HS256"}
    assert payload == {"email": "ada@example.com", "userId": ADA, "iat": NOW, "exp": NOW + 3600}
    assert change == payload | {"updateTo": "else@example.com", "requestType": "change-email-verification"}


def test_a_proof_that_better_auth_has_sent_before_a_move_is_taken(proofs: JwtEmailProofs) -> None:
    sent = {"email": "ada@example.com", "userId": "NF9Iy4iYwsT8sAWUSU87Skmjg5qmOJ8Z", "iat": NOW, "exp": NOW + 3600}

    assert proofs.read(signed(sent)) == replace(PROOF, user=UserId("NF9Iy4iYwsT8sAWUSU87Skmjg5qmOJ8Z"))


def test_a_proof_never_passes_for_a_token_that_signs_in(proofs: JwtEmailProofs) -> None:
    for proof in (PROOF, CHANGE):
        with pytest.raises(TokenInvalid):
            JwtTokens(SECRET).read(proofs.issue(proof))


@pytest.mark.parametrize("more", [{}, {"email": "ada@example.com"}])
def test_a_token_that_signs_in_never_passes_for_a_proof(proofs: JwtEmailProofs, more: dict[str, str]) -> None:
    ours = JwtTokens(SECRET).issue(Claims.of(a_session(ADA), at=NOON))
    _, payload = parts_of(ours)
    _, foreign = parts_of(JwtTokens(SECRET).issue(claims(ADA)))

    for token in (ours, signed(payload | more), signed(foreign | more)):
        with pytest.raises(TokenInvalid):
            proofs.read(token)


def test_a_signed_handle_never_passes_for_a_proof(proofs: JwtEmailProofs) -> None:
    with pytest.raises(TokenInvalid):
        proofs.read(HmacSignatures(SECRET).sign(a_session(ADA).handle))


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"email": "ada@example.com"},
        {"exp": NOW},
        {"email": "x", "exp": NOW},
        {"email": 1, "exp": NOW},
        {"email": None, "exp": NOW},
        {"email": "ada@example.com", "exp": "soon"},
        {"email": "ada@example.com", "exp": NOW, "updateTo": "x"},
        {"email": "ada@example.com", "exp": NOW, "updateTo": None},
        {"email": "ada@example.com", "exp": NOW, "iss": "else"},
        {"email": "ada@example.com", "exp": NOW, "aud": "else"},
    ],
    ids=str,
)
def test_what_says_too_little_or_too_much_is_no_proof(proofs: JwtEmailProofs, payload: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        proofs.read(signed(payload))


def test_what_another_secret_or_no_secret_has_signed_is_no_proof(proofs: JwtEmailProofs) -> None:
    good = {"email": "ada@example.com", "exp": NOW}

    for token in (
        signed(good, secret=SECRET[::-1]),
        signed(good, algorithm="HS512"),
        jwt.encode(good, None, algorithm="none"),
    ):
        with pytest.raises(TokenInvalid):
            proofs.read(token)


@pytest.mark.parametrize("text", NO_TOKENS, ids=lambda text: f"{text!a:.12}")
def test_what_is_no_token_is_no_proof(proofs: JwtEmailProofs, text: str) -> None:
    with pytest.raises(TokenInvalid):
        proofs.read(text)


@pytest.mark.parametrize("kind", ["change-email-confirmation", "else", None, 1])
def test_a_proof_of_another_kind_changes_no_address(proofs: JwtEmailProofs, kind: object) -> None:
    """Better Auth sends the confirmation to the old address: whoever has it does not read the new one's mail."""
    sent = {"email": "ada@example.com", "updateTo": "else@example.com", "requestType": kind, "exp": NOW}

    with pytest.raises(TokenInvalid):
        proofs.read(signed(sent))


def test_after_a_change_of_the_secret_letters_on_their_way_are_still_good() -> None:
    old = SECRET[::-1]
    rotated = JwtEmailProofs(SECRET, previous=old)

    assert rotated.read(JwtEmailProofs(old).issue(PROOF)) == PROOF
    assert JwtEmailProofs(SECRET).read(rotated.issue(PROOF)) == PROOF
    with pytest.raises(TokenInvalid):
        rotated.read(JwtEmailProofs("a third secret of more than 32 bytes").issue(PROOF))
