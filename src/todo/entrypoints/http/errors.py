"""Refusals to answers: the one place that knows which status and which words a refusal has, on each side of the API."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.response.base import ASGIResponse

from todo.domain import errors
from todo.domain.errors import (
    DomainError,
    IdempotencyKeyMalformed,
    IdempotencyKeyReused,
    TooManyAttempts,
    Unavailable,
)
from todo.entrypoints.http.fields import BadFields, BadRedirect
from todo.entrypoints.http.reading import BadBody, BadNumber, Fault

log = logging.getLogger("todo.http")

TOO_MANY = "Too many requests. Please try again later."

TASK_SIDE: Mapping[type[DomainError], tuple[int, str, str]] = {
    errors.DomainError: (400, "BAD_REQUEST", "Bad Request"),
    errors.Invalid: (422, "VALIDATION_ERROR", "Unprocessable Entity"),
    errors.Unauthenticated: (401, "INVALID_TOKEN", "Invalid token"),
    errors.NotSignedIn: (401, "NOT_AUTHENTICATED", "Not authenticated"),
    errors.TokenExpired: (401, "TOKEN_EXPIRED", "Token has expired"),
    errors.TokenWithoutSubject: (401, "TOKEN_WITHOUT_SUBJECT", "Invalid authentication credentials"),
    errors.Forbidden: (403, "FORBIDDEN", "Access denied"),
    errors.NotYourAccount: (403, "USER_ID_MISMATCH", "Access denied: user_id mismatch"),
    errors.NotFound: (404, "NOT_FOUND", "Not Found"),
    errors.TaskNotFound: (404, "TASK_NOT_FOUND", "Task not found"),
    errors.Conflict: (409, "CONFLICT", "Conflict"),
    errors.TooManyAttempts: (429, "TOO_MANY_REQUESTS", TOO_MANY),
    errors.IdempotencyKeyMalformed: (
        422,
        "IDEMPOTENCY_KEY_MALFORMED",
        "Idempotency-Key should be 1 to 255 visible ASCII characters",
    ),
    errors.IdempotencyKeyReused: (
        422,
        "IDEMPOTENCY_KEY_REUSED",
        "This Idempotency-Key stands for another request. Use a new key for each change",
    ),
    errors.TaskQuotaReached: (
        409,
        "TASK_QUOTA_REACHED",
        "You have as many tasks as one user may have. Delete some to make room",
    ),
    errors.Unavailable: (503, "SERVICE_UNAVAILABLE", "Service Unavailable: please try again in a moment"),
}
"""The closest kind answers, so a new refusal has a status before anyone thinks of one."""

SIGN_IN_SIDE: Mapping[type[DomainError], tuple[int, str | None, str]] = {
    errors.DomainError: (400, "BAD_REQUEST", "Bad request"),
    errors.Invalid: (400, "VALIDATION_ERROR", "Invalid input"),
    errors.EmailMalformed: (400, "INVALID_EMAIL", "Invalid email"),
    errors.EmailUnchanged: (400, None, "Email is the same"),
    errors.PasswordTooShort: (400, "PASSWORD_TOO_SHORT", "Password too short"),
    errors.PasswordTooLong: (400, "PASSWORD_TOO_LONG", "Password too long"),
    errors.PasswordTooCommon: (
        400,
        "PASSWORD_TOO_COMMON",
        "Password too common: many people have it, and it would be guessed early",
    ),
    errors.PasswordLikeAddress: (400, "PASSWORD_TOO_COMMON", "Password too easy to guess: it is the email address"),
    errors.PasswordLikeService: (
        400,
        "PASSWORD_TOO_COMMON",
        "Password too easy to guess: it is the name of the service",
    ),
    errors.PasswordMonotonous: (
        400,
        "PASSWORD_TOO_COMMON",
        "Password too easy to guess: it is one character again and again, or characters in a row",
    ),
    errors.PasswordWrong: (400, "INVALID_PASSWORD", "Invalid password"),
    errors.Unauthenticated: (401, "UNAUTHORIZED", "Unauthorized"),
    errors.CredentialsWrong: (401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password"),
    errors.Forbidden: (403, "FORBIDDEN", "Forbidden"),
    errors.SignUpClosed: (400, "EMAIL_PASSWORD_SIGN_UP_DISABLED", "Email and password sign up is not enabled"),
    errors.EmailNotVerified: (403, "EMAIL_NOT_VERIFIED", "Email not verified"),
    errors.EmailMismatch: (400, "EMAIL_MISMATCH", "Email mismatch"),
    errors.EmailAlreadyVerified: (400, "EMAIL_ALREADY_VERIFIED", "Email is already verified"),
    errors.SessionStale: (403, "SESSION_NOT_FRESH", "Session is not fresh"),
    errors.ReauthenticationNeeded: (
        400,
        "SESSION_EXPIRED",
        "Session expired. Re-authenticate to perform this action.",
    ),
    errors.PasswordResetDisabled: (400, "RESET_PASSWORD_DISABLED", "Reset password isn't enabled"),
    errors.VerificationDisabled: (400, "VERIFICATION_EMAIL_NOT_ENABLED", "Verification email isn't enabled"),
    errors.NotFound: (404, "NOT_FOUND", "Not found"),
    errors.UserNotFound: (401, "UNAUTHORIZED", "Unauthorized"),
    errors.PasswordNotFound: (400, "CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found"),
    errors.TicketInvalid: (400, "INVALID_TOKEN", "Invalid token"),
    errors.Conflict: (409, "CONFLICT", "Conflict"),
    errors.EmailTaken: (
        422,
        "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
        "User already exists. Use another email.",
    ),
    errors.TooManyAttempts: (429, "TOO_MANY_REQUESTS", TOO_MANY),
    errors.Unavailable: (503, "SERVICE_UNAVAILABLE", "The service is busy. Please try again in a moment."),
}
"""Codes and messages as Better Auth has them."""


class OriginRefused(Exception):
    """A write that a page of another site has caused."""

    def __init__(self, *, origin_told: bool) -> None:
        super().__init__()
        self.origin_told = origin_told


@dataclass
class Refused(Exception):
    """An answer of Better Auth's that is not about the domain."""

    status: int
    code: str | None
    message: str


class Nothing(Response[None]):
    """A status and nothing else, as Better Auth answers where there is no such call."""

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        made = ASGIResponse(status_code=self.status_code, headers={"Cache-Control": "no-store"})
        made.headers.pop("content-type")
        return made


class ProxyUnauthorized(Exception):
    """The proxy was called without the session cookie."""


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Any error as an answer, in the words of the side of the API that was called."""
    path = request.scope["path"]
    if path == "/api/auth" or path.startswith("/api/auth/"):
        return _sign_in_answer(error)
    return _task_answer(error, proxied=path.startswith("/api/proxy/"))


def _task_answer(error: Exception, *, proxied: bool) -> Response[Any]:
    match error:
        case BadBody():
            return _detailed(422, "VALIDATION_ERROR", [_located(error)])
        case BadNumber():
            return _detailed(422, "VALIDATION_ERROR", [_bad_number(error)])
        case OriginRefused() if proxied:
            return _json(403, {"error": "Forbidden", "message": "Cross-site request refused"})
        case OriginRefused():
            return _detailed(403, "CROSS_SITE", "Cross-site request refused")
        case ProxyUnauthorized():
            return _json(401, {"error": "Unauthorized", "message": "No session token found"})
        case DomainError():
            return _refused(error)
        case HTTPException() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _detailed(error.status_code, _code(error), _phrase(error), _allow(error))
    _report(error)
    if proxied:
        return _json(500, {"error": "Internal Server Error", "message": "Failed to proxy request"})
    return _detailed(500, "INTERNAL_SERVER_ERROR", "Internal Server Error")


def _refused(error: DomainError) -> Response[Any]:
    status, code, detail = TASK_SIDE[closest(error, TASK_SIDE)]
    if isinstance(error, IdempotencyKeyMalformed | IdempotencyKeyReused):
        return _detailed(status, code, [_bad_key(code, detail)])
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return _detailed(status, code, detail, headers | retry_after(error))


def _sign_in_answer(error: Exception) -> Response[Any]:
    match error:
        case BadBody() | BadFields():
            return _bad_body_answer(error)
        case BadRedirect():
            return _coded(403 if error.code else 400, error.code, error.message)
        case Refused():
            return _coded(error.status, error.code, error.message)
        case OriginRefused(origin_told=True):
            return _coded(403, "INVALID_ORIGIN", "Invalid origin")
        case OriginRefused():
            return _coded(403, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin")
        case DomainError():
            status, code, message = SIGN_IN_SIDE[closest(error, SIGN_IN_SIDE)]
            return _coded(status, code, message, retry_after(error))
        case NotFoundException() | MethodNotAllowedException():
            return Nothing(None, status_code=404)
        case HTTPException() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _coded(error.status_code, _code(error), _phrase(error))
    _report(error)
    return _coded(500, "INTERNAL_SERVER_ERROR", "Internal Server Error")


def _bad_body_answer(error: BadBody | BadFields) -> Response[Any]:
    match error:
        case BadBody(fault=Fault.NOT_JSON):
            return _coded(400, "BAD_REQUEST", "Invalid JSON in request body")
        case BadBody(fault=Fault.CONTENT_TYPE):
            message = f'Content-Type "{error.received}" is not allowed. Allowed types: {error.expected}'
            return _coded(415, "UNSUPPORTED_MEDIA_TYPE", message)
        case BadBody():
            return _coded(400, "VALIDATION_ERROR", f"[body.{error.field}] {_complaint(error)}")
    return _coded(400, "VALIDATION_ERROR", str(error))


def closest(error: Exception, table: Mapping[type[DomainError], Any]) -> type[DomainError]:
    """The nearest kind of this error that the table knows."""
    return next(kind for kind in type(error).__mro__ if kind in table)


def _json(status: int, content: object, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return Response(content, status_code=status, media_type="application/json", headers=dict(headers or {}))


def _detailed(status: int, code: str, detail: object, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return _json(status, {"detail": detail, "code": code}, {"Cache-Control": "private, no-cache", **(headers or {})})


def _coded(status: int, code: str | None, message: str, headers: Mapping[str, str] | None = None) -> Response[Any]:
    body = {"message": message} if code is None else {"message": message, "code": code}
    return _json(status, body, {"Cache-Control": "no-store", **(headers or {})})


def retry_after(error: DomainError) -> dict[str, str]:
    """The headers that say when asking again is worthwhile, for a refusal that knows."""
    match error:
        case TooManyAttempts():  # Better Auth's client looks into a header of its own
            return {"Retry-After": str(error.retry_after), "X-Retry-After": str(error.retry_after)}
        case Unavailable():
            return {"Retry-After": str(error.retry_after)}
    return {}


def _phrase(error: HTTPException) -> str:
    return HTTPStatus(error.status_code).phrase


def _code(error: HTTPException) -> str:
    return _phrase(error).upper().replace(" ", "_")


def _allow(error: HTTPException) -> dict[str, str]:
    """All the methods of the path. HEAD is answered wherever GET is."""
    if not isinstance(error, MethodNotAllowedException):
        return {}
    methods = set((error.headers or {}).get("allow", "").split(", ")) - {"OPTIONS"}
    return {"Allow": ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))}


def _report(error: Exception) -> None:
    """A fault of ours: told in the log, never to the client."""
    log.error("an unexpected error: %s", type(error).__name__, exc_info=error)


def _located(bad: BadBody) -> dict[str, Any]:
    """A fault as clients of the task side know it: `type`, `loc` and `msg`."""
    where: list[str | int] = ["body", bad.field] if bad.field else ["body"]
    match bad.fault:
        case Fault.NOT_JSON:
            return {"type": "json_invalid", "loc": ["body", bad.offset], "msg": "JSON decode error"}
        case Fault.ABSENT:
            return {"type": "missing", "loc": where, "msg": "Field required"}
        case Fault.TOO_SHORT:
            return {"type": "string_too_short", "loc": where, "msg": "String should have at least 1 character"}
        case Fault.TOO_LONG:
            return {
                "type": "string_too_long",
                "loc": where,
                "msg": f"String should have at most {bad.limit} characters",
            }
        case Fault.FORBIDDEN_TEXT:
            return {"type": "value_error", "loc": where, "msg": "String should not contain U+0000"}
    if bad.field is None:
        message = "Input should be a valid dictionary or object to extract fields from"
        return {"type": "model_attributes_type", "loc": where, "msg": message}
    kind = "bool" if bad.expected == "boolean" else "string"
    return {"type": f"{kind}_type", "loc": where, "msg": f"Input should be a valid {bad.expected}"}


def _bad_number(bad: BadNumber) -> dict[str, Any]:
    message = "Input should be a valid integer, unable to parse string as an integer"
    return {"type": "int_parsing", "loc": ["path", bad.parameter], "msg": message}


def _bad_key(code: str, message: str) -> dict[str, Any]:
    return {"type": code.lower(), "loc": ["header", "idempotency-key"], "msg": message}


def _complaint(bad: BadBody) -> str:
    """What is wrong with a value whose type is right."""
    if bad.fault == Fault.TOO_LONG:
        return f"Too big: expected string to have <={bad.limit} characters"
    return "Invalid input: expected string without U+0000"
