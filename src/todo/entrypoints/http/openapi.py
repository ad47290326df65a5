"""How the API describes itself."""

from functools import lru_cache
from typing import Annotated, Any

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Example, License, OpenAPIType, SecurityScheme, Tag
from litestar.routes import BaseRoute
from litestar.types import ControllerRouterHandler, Method
from litestar.types.internal_types import PathParameterDefinition
from msgspec import UNSET, Meta, Struct, UnsetType

from todo.domain.model.retry import IdempotencyKey
from todo.entrypoints.http import cookies

TITLE = "Todo API with Authentication"

DESCRIPTION = """\
Tasks that nobody else can see or touch, and sign-in by e-mail and password.

**Try it:** sign up below; your user id is in the answer. The *Proxy* operations then work at once, by the cookie.
For the *Tasks* operations press *Authorize* and paste what *A bearer token* (`/api/auth/token`) has answered.

Errors of the task API carry `detail` and `code`, those of signing in `message` and `code`.
"""

TASK_NUMBER = {"type": OpenAPIType.INTEGER, "format": "int64", "minimum": 1, "examples": [1]}


class Refusal(Struct):
    """What is wrong: `detail` is for people, `code` for programs."""

    detail: str
    code: Annotated[str, Meta(examples=["TASK_NOT_FOUND"])]


class FieldFault(Struct):
    """What is wrong with one field, and where."""

    type: str
    loc: list[str | int]
    msg: str


class FieldFaults(Struct):
    """What is wrong with the body or the path."""

    detail: list[FieldFault]
    code: str


PROXY_REFUSALS = (
    ("401", "Unauthorized", "No session token found"),
    ("403", "Forbidden", "Cross-site request refused"),
)
PROXY_SCHEMA = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "message": {"type": "string"}},
    "required": ["error", "message"],
}


class CodedRefusal(Struct):
    """`message` is for people, `code` for programs. A few have none, as in Better Auth."""

    message: str
    code: Annotated[str, Meta(examples=["INVALID_EMAIL_OR_PASSWORD"])] | UnsetType = UNSET


def _example(value: object, summary: str = "") -> Example:
    return Example(summary=summary or None, value=value)


def _refusal(description: str, *details: tuple[str, str]) -> ResponseSpec:
    examples = [_example({"detail": detail, "code": code}, code) for code, detail in details]
    return ResponseSpec(Refusal, description=description, examples=examples, generate_examples=False)


_FAULT = {"type": "missing", "loc": ["body", "title"], "msg": "Field required"}
_NUMBER_FAULT = {
    "type": "int_parsing",
    "loc": ["path", "task_id"],
    "msg": "Input should be a valid integer, unable to parse string as an integer",
}

TEXTS = {"title": r"^[^\u0000]*[^\s\u0000][^\u0000]*$", "description": r"^[^\u0000]*$"}
"""The texts of a task as patterns. Litestar takes patterns for checks, and those have answers of their own here."""


def _of_the_query(description: str, message: str, code: str) -> dict[str, Any]:
    content = {
        "schema": {"$ref": "#/components/schemas/CodedRefusal"},
        "examples": {code: {"value": {"message": message, "code": code}}},
    }
    return {"description": description, "content": {"application/json": content}}


TOO_LONG = _of_the_query("The query is longer than 4 KiB", "URI Too Long", "URI_TOO_LONG")
TOO_MANY = _of_the_query("More than 50 parameters", "Bad Request: too many parameters in the query", "BAD_REQUEST")

KEY_FAULT = {
    "detail": [
        {
            "type": "idempotency_key_reused",
            "loc": ["header", "idempotency-key"],
            "msg": "This Idempotency-Key stands for another request. Use a new key for each change",
        }
    ],
    "code": "IDEMPOTENCY_KEY_REUSED",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "A new key for each change, such as a UUID. Sent again with it within 24 hours, the same request changes"
        " nothing more and gets the same answer."
    ),
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": IdempotencyKey.LONGEST,
        "pattern": "^[!-~]+$",
    },
}
REPLAYED = {
    "description": "This was answered before, to the first request with this `Idempotency-Key`; nothing was done now.",
    "schema": {"type": "string", "const": "true"},
}

REFUSALS = {
    401: _refusal(
        "No token, or not a good one",
        ("NOT_AUTHENTICATED", "Not authenticated"),
        ("TOKEN_EXPIRED", "Token has expired"),
        ("INVALID_TOKEN", "Invalid token"),
    ),
    403: _refusal("The token is another user's", ("USER_ID_MISMATCH", "Access denied: user_id mismatch")),
    404: _refusal("No such task among yours", ("TASK_NOT_FOUND", "Task not found")),
    409: _refusal(
        "You have as many tasks as one user may have",
        ("TASK_QUOTA_REACHED", "You have as many tasks as one user may have. Delete some to make room"),
    ),
    413: _refusal("The body is too large", ("REQUEST_ENTITY_TOO_LARGE", "Request Entity Too Large")),
    422: ResponseSpec(
        FieldFaults,
        description="The body, the task's number or the `Idempotency-Key` is not as it should be",
        examples=[
            _example({"detail": [_FAULT], "code": "VALIDATION_ERROR"}, "A field is missing"),
            _example({"detail": [_NUMBER_FAULT], "code": "VALIDATION_ERROR"}, "No number"),
        ],
        generate_examples=False,
    ),
    429: _refusal(
        "You ask too often: try again after `Retry-After` seconds",
        ("TOO_MANY_REQUESTS", "Too many requests. Please try again later."),
    ),
    503: _refusal(
        "The database is away: try again after `Retry-After` seconds",
        ("SERVICE_UNAVAILABLE", "Service Unavailable: please try again in a moment"),
    ),
}


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """What an operation of the task side may answer besides success."""
    return {status: REFUSALS[status] for status in (*statuses, 429, 503)}


def coded(status: int, *codes: tuple[str, str]) -> dict[int, ResponseSpec]:
    """One status that an operation of the sign-in side may answer, with its codes and messages."""
    examples = [_example({"message": message, "code": code}, code) for code, message in codes]
    description = "; ".join(message.rstrip(".") for _, message in codes)
    return {status: ResponseSpec(CodedRefusal, description=description, examples=examples, generate_examples=False)}


def operation_id(handler: HTTPRouteHandler, _: Method, path: list[str | PathParameterDefinition]) -> str:
    """What a program would call it: the handler's name, or the path's words where one handler has two paths."""
    words = [component for component in path if isinstance(component, str)]
    if words[:2] == ["api", "auth"]:
        return "_".join(words[2:]).replace("-", "_")
    name = handler.handler_name
    return f"proxy_{name}" if words[:2] == ["api", "proxy"] else name


class NoPages(Router):
    """Where Litestar wants to put its own pages about the schema: three more than there should be."""

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        return []


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def schema(request: Request[Any, Any, Any]) -> Response[bytes]:
    return Response(_rendered(request.app), media_type="application/json")


@lru_cache(maxsize=1)
def _rendered(app: Litestar) -> bytes:
    return msgspec.json.encode(document(app))


def document(app: Litestar) -> dict[str, Any]:
    """The OpenAPI document: Litestar's, put right where it cannot be told."""
    made = app.openapi_schema.to_schema()
    made["paths"] = dict(sorted(made["paths"].items()))  # Litestar keeps paths in sets: each process has another order
    schemas = made["components"]["schemas"]
    _want_one_field_at_least(schemas["TaskChanges"])
    for name, pattern in TEXTS.items():
        for schema in (schemas["TaskIn"], schemas["TaskChanges"]):
            schema["properties"][name]["pattern"] = pattern
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _forget_the_frameworks(operation["responses"])
            if method != "get" and "{user_id}" in path:
                _add_the_key(operation)
            if any(parameter["in"] == "query" for parameter in operation.get("parameters", ())):
                operation["responses"] |= {"400": TOO_MANY} | operation["responses"] | {"414": TOO_LONG}
            if path.startswith("/api/proxy/"):
                operation["tags"] = ["Proxy"]  # and the controller's: they would stand on the page twice
                _add_the_proxys(operation["responses"])
    return made


def _forget_the_frameworks(responses: dict[str, Any]) -> None:
    """Litestar adds a 400 of its own wherever there is a parameter; nothing here gives it."""
    if "Validation Exception" in str(responses.get("400")):
        del responses["400"]


def _want_one_field_at_least(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"required": [name]} for name in schema["properties"]]


def _add_the_key(operation: dict[str, Any]) -> None:
    """Every change of tasks can be sent again. Litestar is not told of the header: it would read it at each request."""
    operation["parameters"] = [*operation["parameters"], IDEMPOTENCY_KEY]
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            response["headers"] = response.get("headers", {}) | {"Idempotency-Replayed": REPLAYED}
    refused = operation["responses"]["422"]["content"]["application/json"]
    refused.setdefault("examples", {})["IDEMPOTENCY_KEY_REUSED"] = {
        "summary": "The key stands for another request",
        "value": KEY_FAULT,
    }


def _add_the_proxys(responses: dict[str, Any]) -> None:
    """The proxy has two answers of its own besides those of the task API."""
    for status, error, message in PROXY_REFUSALS:
        content = responses[status]["content"]["application/json"]
        content["schema"] = {"oneOf": [content["schema"], PROXY_SCHEMA]}
        content["examples"][error] = {"summary": message, "value": {"error": error, "message": message}}


def config(version: str) -> OpenAPIConfig:
    bearer = SecurityScheme(
        type="http",
        scheme="bearer",
        bearer_format="JWT",
        description=f"The value of the cookie `{cookies.NAME}`, or a token of another holder of the secret.",
    )
    cookie = SecurityScheme(
        type="apiKey",
        security_scheme_in="cookie",
        name=cookies.NAME,
        description="Set by signing in: there is nothing to enter here.",
    )
    return OpenAPIConfig(
        title=TITLE,
        version=version,
        description=DESCRIPTION,
        license=License(name="MIT", identifier="MIT"),
        openapi_router=NoPages("/", route_handlers=[]),
        render_plugins=[JsonRenderPlugin()],
        components=Components(security_schemes={"cookie": cookie, "bearer": bearer}),
        operation_id_creator=operation_id,
        use_handler_docstrings=True,
        tags=[
            Tag("Sign-in", "E-mail and password; the session cookie is a token of seven days."),
            Tag("Sessions", "The current session, and the user's others."),
            Tag("Passwords", "Changing a password, and resetting one by letter."),
            Tag("Account", "The user's name, address and account."),
            Tag("Tasks", "By bearer token, under one's own user id."),
            Tag("Proxy", "The same tasks for pages: the session cookie takes the place of the bearer token."),
            Tag("Service"),
        ],
    )


Security = list[dict[str, list[str]]]
BY_BEARER: Security = [{"bearer": []}]
BY_COOKIE: Security = [{"cookie": []}]
