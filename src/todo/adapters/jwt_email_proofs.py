"""Proofs for letters as JWT, in the form that Better Auth gives its own."""

from typing import Any

import jwt

from todo.domain.errors import EmailMalformed, TokenInvalid
from todo.domain.model.ticket import TICKET_LIFE, EmailProof
from todo.domain.model.user import Email, UserId
from todo.domain.ports.tokens import EmailProofs

CHANGE = "change-email-verification"


class JwtEmailProofs(EmailProofs):
    """They name no issuer and no audience, so none of them passes for a token that signs in."""

    def __init__(self, secret: str, *, previous: str | None = None) -> None:
        """With `previous`, what that secret has signed is still good."""
        self._key = secret.encode()
        self._former = None if previous is None else previous.encode()

    def issue(self, proof: EmailProof) -> str:
        payload: dict[str, Any] = {
            "email": proof.email,
            "iat": proof.expires - int(TICKET_LIFE.total_seconds()),
            "exp": proof.expires,
        }
        if proof.user is not None:
            payload["userId"] = proof.user
        if proof.new_email is not None:
            payload |= {"updateTo": proof.new_email, "requestType": CHANGE}
        return jwt.encode(payload, self._key, algorithm="HS256", headers={"typ": None})

    def read(self, token: str) -> EmailProof:
        try:
            try:
                return _proof_from(_decoded(token, self._key))
            except jwt.InvalidSignatureError:
                if self._former is None:
                    raise
                return _proof_from(_decoded(token, self._former))
        # Odd tokens bring other errors out of PyJWT than its own: each means a bad token.
        except Exception as error:
            raise TokenInvalid from error


def _decoded(token: str, key: bytes) -> dict[str, Any]:
    payload: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False, "verify_aud": False, "require": ["exp"]},
    )
    return payload


def _proof_from(payload: dict[str, Any]) -> EmailProof:
    if "iss" in payload or "aud" in payload:
        raise TokenInvalid
    if "updateTo" in payload and payload.get("requestType") != CHANGE:  # a letter to the old address proves no new one
        raise TokenInvalid
    try:
        return EmailProof(
            email=Email(payload["email"]),
            user=UserId(payload["userId"]) if "userId" in payload else None,
            new_email=Email(payload["updateTo"]) if "updateTo" in payload else None,
            expires=int(payload["exp"]),
        )
    except EmailMalformed as error:
        raise TokenInvalid from error
