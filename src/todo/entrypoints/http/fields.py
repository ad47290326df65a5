"""Bodies of the sign-in side, checked and complained of as Better Auth does: every fault at once, in its words."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Self, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from todo.domain.errors import EmailMalformed
from todo.domain.model.user import Email, Password

ADDRESS = "address"
FILLED = "filled"

EmailText = Annotated[
    str,
    Meta(extra={"form": ADDRESS}, extra_json_schema={"extra": {"format": "email"}, "examples": ["ada@example.com"]}),
]
"""Must have the form of an address."""

PasswordText = Annotated[
    str,
    Meta(
        extra_json_schema={
            "extra": {"format": "password"},
            "description": "8 to 128 characters.",
            "examples": ["correct horse battery"],
        }
    ),
]
NewPasswordText = Annotated[
    str,
    Meta(
        extra_json_schema={
            "extra": {"format": "password", "minLength": Password.SHORTEST, "maxLength": Password.LONGEST},
            "examples": ["correct horse battery"],
        }
    ),
]
"""Lengths are told here and checked by the model."""

CallbackText = Annotated[str, Meta(extra_json_schema={"description": "A path of this site, or of a trusted one."})]

REDIRECTS = {
    "callbackURL": ("INVALID_CALLBACK_URL", "Invalid callbackURL"),
    "redirectTo": ("INVALID_REDIRECT_URL", "Invalid redirectURL"),
    "errorCallbackURL": ("INVALID_ERROR_CALLBACK_URL", "Invalid errorCallbackURL"),
    "newUserCallbackURL": ("INVALID_NEW_USER_CALLBACK_URL", "Invalid newUserCallbackURL"),
}


class BadFields(Exception):
    """What is wrong with the fields of a body or a query: all of it, as `[body.email] …; [body.password] …`."""


@dataclass
class BadRedirect(Exception):
    """Where a client asked to be sent is no place of ours, or no place at all."""

    code: str | None
    message: str


class AuthBody(Struct):
    """A body of the sign-in side. A field with a default may be absent; it may be null only if its type says so."""

    also_form: ClassVar[bool] = False
    """Whether a form of HTML is taken too; its values are all strings."""
    kinds: ClassVar[tuple[str, ...]] = ("object",)
    """What Better Auth says it expected in place of something else than an object."""

    @classmethod
    def of(cls, body: object, *, trusted: frozenset[str]) -> Self:
        """Raises `BadRedirect` or `BadFields`, in this order."""
        if not isinstance(body, dict):
            received = kind_of(body)
            raise BadFields(
                "; ".join(f"[body] Invalid input: expected {kind}, received {received}" for kind in cls.kinds)
            )
        for name in REDIRECTS.keys() & body.keys():
            require_trusted(name, body[name], trusted)
        fields = _fields_of(cls)
        if problems := [problem for field in fields for problem in field.problems(body.get(field.name, UNSET))]:
            raise BadFields("; ".join(problems))
        return cls(**{field.name: body[field.name] for field in fields if field.name in body})

    @classmethod
    def not_an_object(cls, received: str) -> BadFields:
        return BadFields("; ".join(f"[body] Invalid input: expected {kind}, received {received}" for kind in cls.kinds))

    @classmethod
    def may_be_absent(cls) -> bool:
        return not any(field.required for field in _fields_of(cls))


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str
    required: bool
    nullable: bool
    form: str

    def problems(self, value: object) -> list[str]:
        if (value is UNSET and not self.required) or (value is None and self.nullable):
            return []
        received = kind_of(value)
        if received != self.kind:
            return [f"[body.{self.name}] Invalid input: expected {self.kind}, received {received}"]
        if self.form == FILLED and value == "":
            return [f"[body.{self.name}] Too small: expected string to have >=1 characters"]
        if self.form == ADDRESS and not _is_address(str(value)):
            return [f"[body.{self.name}] Invalid email address"]
        return []


def kind_of(value: object) -> str:
    """What JavaScript calls it."""
    match value:
        case UnsetType():
            return "undefined"
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
    return "object"


def require_trusted(name: str, value: object, trusted: frozenset[str]) -> None:
    """Raises `BadRedirect` unless the value is a path of this site, or a URL of an origin we trust."""
    code, message = REDIRECTS[name]
    if not isinstance(value, str):
        raise BadRedirect(None, f"{message}: expected a string")
    if value and not _is_trusted(value, trusted):
        raise BadRedirect(code, message)


def _is_trusted(url: str, trusted: frozenset[str]) -> bool:
    if not url.isprintable() or " " in url or "\\" in url:
        return False
    path = url.partition("?")[0].partition("#")[0].lower()
    if "%2f" in path or "%5c" in path:
        return False
    if url.startswith("/"):
        return not url.startswith("//")
    return any(url.lower() == origin or url.lower().startswith((f"{origin}/", f"{origin}?")) for origin in trusted)


def _is_address(text: str) -> bool:
    try:
        Email(text)
    except EmailMalformed:
        return False
    return True


@lru_cache
def _fields_of(kind: type[AuthBody]) -> tuple[Field, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_field(field.name, hints[field.name], field.required) for field in msgspec.structs.fields(kind))


def _field(name: str, hint: Any, required: bool) -> Field:
    parts = [hint] if get_origin(hint) is Annotated else list(get_args(hint)) or [hint]
    form = ""
    kinds = set()
    for part in parts:
        if get_origin(part) is Annotated:
            base, *extras = get_args(part)
            form = next((extra.extra["form"] for extra in extras if isinstance(extra, Meta) and extra.extra), form)
            kinds.add(base)
        else:
            kinds.add(part)
    return Field(name, "boolean" if bool in kinds else "string", required, type(None) in kinds, form)
