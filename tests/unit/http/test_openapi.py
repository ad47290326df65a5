"""What the API says of itself is what it does."""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.unit.http.routes import ROUTES
from tests.unit.http.service import PASSWORD, Service, SignedUp
from todo.domain.errors import Invalid, StoreUnavailable, TaskQuotaReached, TooManyAttempts
from todo.domain.model.task import Description, Title

Document = dict[str, Any]

TASKS = [
    ("get", ""),
    ("post", ""),
    ("get", "/{task_id}"),
    ("put", "/{task_id}"),
    ("delete", "/{task_id}"),
    ("patch", "/{task_id}/complete"),
]
ERRORS_OF = {
    ("get", ""): {401, 403, 429, 503},
    ("post", ""): {401, 403, 409, 413, 422, 429, 503},
    ("get", "/{task_id}"): {401, 403, 404, 422, 429, 503},
    ("put", "/{task_id}"): {401, 403, 404, 413, 422, 429, 503},
    ("delete", "/{task_id}"): {401, 403, 404, 413, 422, 429, 503},
    ("patch", "/{task_id}/complete"): {401, 403, 404, 413, 422, 429, 503},
}
WITH_BODY = {("post", ""), ("put", "/{task_id}")}
PAGES = re.compile(
    r"/(docs|redoc|openapi|static|favicon|login|logout|signup|forgot-password|reset-password|tasks|account)\b.*"
)
"""What people look at, and the files of it."""

LINKS = {
    ("GET", "/api/auth/reset-password/{token}"),
    ("GET", "/api/auth/delete-user/callback"),
    ("GET", "/api/auth/error"),
    ("POST", "/api/auth/get-session"),
}
"""Where letters and redirects lead, and what is only ever refused: no program calls these."""


@pytest.fixture(scope="session")
async def document(running_service: Service) -> Document:
    return dict((await running_service.client.get("/openapi.json")).json())


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def schema_of(operation: Document, status: int) -> Document:
    content = operation["responses"][str(status)]["content"]
    return dict(content["application/json"]["schema"])


def resolved(document: Document, schema: Document) -> Document:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def misfits(document: Document, schema: Document, value: object) -> list[str]:
    """What jsonschema has against a value."""
    validator = Draft202012Validator(schema | {"components": document["components"]})
    return [fault.message for fault in validator.iter_errors(value)]


def assert_documented(document: Document, method: str, path: str, answer: httpx.Response) -> None:
    """The status is documented, the body fits its schema, and at the top there is no name that the schema lacks."""
    operation = document["paths"][path][method]
    assert str(answer.status_code) in operation["responses"], (method, path, answer.text)
    schema = schema_of(operation, answer.status_code)
    body = answer.json()
    assert misfits(document, schema, body) == []
    if isinstance(body, dict):
        assert_no_more_names(document, schema, body)


def assert_no_more_names(document: Document, schema: Document, body: Document) -> None:
    schema = resolved(document, schema)
    choices: list[Document] = schema.get("oneOf") or schema.get("anyOf") or [schema]
    kinds = [resolved(document, kind) for kind in choices]
    assert any(set(body) <= set(kind.get("properties", {})) for kind in kinds), (schema, body)


class TestTheDocument:
    def test_it_is_valid(self, document: Document) -> None:
        OpenAPIV31SpecValidator(document).validate()

        assert document["openapi"].startswith("3.1")
        assert document["info"]["title"] == "Todo API with Authentication"

    def test_each_operation_has_a_name_of_its_own(self, document: Document) -> None:
        names = [operation["operationId"] for _, _, operation in operations(document)]

        assert len(names) == len(set(names))
        assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name) or len(name) > 30] == []

    def test_each_operation_says_what_it_does_and_where_it_belongs(self, document: Document) -> None:
        tags = {tag["name"] for tag in document["tags"]}

        for _, path, operation in operations(document):
            assert operation["summary"]
            assert operation["description"]
            assert operation["tags"]
            assert set(operation["tags"]) <= tags, path

    def test_the_security_of_each_operation_is_told_as_it_is(self, document: Document) -> None:
        schemes = document["components"]["securitySchemes"]
        kinds = {name: (scheme["type"], scheme.get("in", scheme.get("scheme"))) for name, scheme in schemes.items()}

        for _, path, operation in operations(document):
            needed = [[kinds[name] for name in choice] for choice in operation.get("security", [])]
            if path.startswith("/api/proxy/"):
                assert needed == [[("apiKey", "cookie")]]
            elif path.startswith("/api/{user_id}"):
                assert needed == [[("http", "bearer")]]
            elif path.startswith("/api/auth/") and "session" not in path and "out" not in path:
                assert needed == []
            else:
                assert not needed or path.startswith("/api/auth/")

    def test_every_schema_is_shown_by_example(self, document: Document) -> None:
        for method, path, operation in operations(document):
            shown = [
                (media, status)
                for status, response in operation["responses"].items()
                for media in response.get("content", {}).values()
            ]
            shown += [(media, "body") for media in operation.get("requestBody", {}).get("content", {}).values()]
            for media, where in shown:
                assert has_example(document, media), (method, path, where)

    def test_every_example_fits_its_schema(self, document: Document) -> None:
        for method, path, operation in operations(document):
            for status, response in operation["responses"].items():
                for media in response.get("content", {}).values():
                    for example in media.get("examples", {}).values():
                        assert misfits(document, media["schema"], example["value"]) == [], (method, path, status)

    def test_nothing_in_it_is_the_frameworks(self, document: Document) -> None:
        text = str(document)

        assert "Validation Exception" not in text
        assert "Litestar" not in text
        assert "status_code" not in text
        assert not [
            path for _, path, operation in operations(document) if "400" in operation["responses"] and "tasks" in path
        ]

    def test_it_holds_every_route_but_pages_and_links(self, document: Document) -> None:
        documented = {(method.upper(), path) for method, path, _ in operations(document)}
        there = {(method, re.sub(r":\w+\}", "}", path)) for method, path in ROUTES}

        assert there >= LINKS
        assert documented == {(method, path) for method, path in there if not PAGES.fullmatch(path)} - LINKS


def has_example(document: Document, media: Document) -> bool:
    """Of its own, in its schema, or in each of the schema's scalar properties that has no obvious value."""
    if media.get("examples") or media.get("example"):
        return True
    schema = resolved(document, media["schema"])
    if schema.get("type") == "array":
        schema = resolved(document, schema["items"])
    for kind in schema.get("oneOf") or schema.get("anyOf") or []:
        if "$ref" in kind:
            schema = resolved(document, kind)
    if "examples" in schema or "example" in schema:
        return True
    properties = [
        resolved(document, kind)
        for value in schema.get("properties", {}).values()
        for kind in (value, *value.get("oneOf", ()), *value.get("anyOf", ()))
    ]
    return any("examples" in value or "default" in value or "properties" in value for value in properties)


@pytest.mark.parametrize("base", ["/api/{user_id}/tasks", "/api/proxy/{user_id}/tasks"])
class TestTasks:
    def test_every_error_of_the_contract_is_documented_and_no_other(self, document: Document, base: str) -> None:
        for method, rest in TASKS:
            statuses = {int(status) for status in document["paths"][base + rest][method]["responses"]}
            assert statuses == ERRORS_OF[method, rest] | {201 if method == "post" else 200}

    def test_ids_are_what_they_are(self, document: Document, base: str) -> None:
        for method, rest in TASKS:
            parameters = {
                (parameter["in"], parameter["name"]): parameter
                for parameter in document["paths"][base + rest][method].get("parameters", [])
            }
            assert parameters["path", "user_id"]["schema"]["type"] == "string"
            if "{task_id}" in rest:
                assert parameters["path", "task_id"]["schema"]["type"] == "integer"
            assert set(parameters) <= {("path", "user_id"), ("path", "task_id"), ("header", "Idempotency-Key")}

    def test_every_change_can_be_sent_again(self, document: Document, base: str) -> None:
        for method, rest in TASKS:
            operation = document["paths"][base + rest][method]
            success = operation["responses"]["201" if method == "post" else "200"]
            keyed = any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"])
            assert keyed == ("Idempotency-Replayed" in success["headers"]) == (method != "get")

    def test_bodies_are_described(self, document: Document, base: str) -> None:
        for method, rest in TASKS:
            body = document["paths"][base + rest][method].get("requestBody")
            if (method, rest) not in WITH_BODY:
                assert body is None
                continue
            assert body["required"] is True
            schema = resolved(document, body["content"]["application/json"]["schema"])
            assert schema.get("required", []) == (["title"] if method == "post" else [])
            assert set(schema["properties"]) == {"title", "description"} | ({"completed"} if method == "put" else set())
            title = schema["properties"]["title"]
            assert (title["minLength"], title["maxLength"]) == (1, 500)
            assert schema["properties"]["description"]["maxLength"] == 16_384

    async def test_every_documented_answer_is_given_and_fits(
        self, service: Service, document: Document, base: str
    ) -> None:
        client, ada = service.client, await service.signed_up()
        proxied = "proxy" in base
        known = ada.cookie if proxied else ada.headers
        for method, rest in TASKS:
            task = await service.add_task(ada)
            path, user = base + rest, ada.id

            async def ask(
                *, user: str = user, number: object = task["id"], path: str = path, method: str = method, **more: Any
            ) -> httpx.Response:
                url = path.format(user_id=user, task_id=number)
                return await client.request(method.upper(), url, **({"headers": known} | more))

            answers = [
                await ask(headers={}),
                await ask(headers=service.vouched_for(ada.id, exp=0).cookie if proxied else {"Authorization": "x"}),
                await ask(user="usr_other", json={"title": "a"}),
                await ask(number=0, json={"title": "a"}),
                await ask(number="x", json={}),
                await ask(json={"title": 1}) if method != "delete" else await ask(number=0),
                await ask(content=b" " * 300_000, headers=known | {"Idempotency-Key": method}),
                await ask(json={"title": "Buy bread", "description": "Rye"}),
            ]
            for trouble in (TaskQuotaReached, TooManyAttempts, StoreUnavailable)[method != "post" :]:
                service.trouble.error = trouble
                answers.append(await ask(json={"title": "a"}))
            service.trouble.error = None

            for answer in answers:
                assert_documented(document, method, path, answer)
            given = {answer.status_code for answer in answers}
            assert given >= ERRORS_OF[method, rest] | {201 if method == "post" else 200}


class TestTexts:
    @pytest.mark.parametrize("kind", ["TaskIn", "TaskChanges"])
    @pytest.mark.parametrize(
        "text", ["a", " a ", "\n", " \t\u2003", "", "a\0", "\0", "\u0085", "\x1f", "é\n\n.", "x" * 500, "x" * 501]
    )
    def test_the_patterns_say_of_titles_what_the_domain_says(self, document: Document, kind: str, text: str) -> None:
        fits = misfits(document, document["components"]["schemas"][kind], {"title": text}) == []

        with nullcontext() if fits else pytest.raises(Invalid):
            Title(text)

    @pytest.mark.parametrize("text", ["", "a\n\t", "a\0", "\0"])
    def test_and_of_descriptions(self, document: Document, text: str) -> None:
        schema = document["components"]["schemas"]["TaskChanges"]

        with nullcontext() if misfits(document, schema, {"description": text}) == [] else pytest.raises(Invalid):
            Description(text)


async def test_a_query_that_is_too_much_is_documented_wherever_there_is_a_query(
    service: Service, document: Document
) -> None:
    with_query = [
        (method, path)
        for method, path, operation in operations(document)
        if any(parameter["in"] == "query" for parameter in operation.get("parameters", ()))
    ]
    assert with_query
    for method, path in with_query:
        for query, status in ({"token": "x" * 5000}, 414), ({"token": ["x"] * 51}, 400):
            answer = await service.client.request(method.upper(), path, params=query)
            assert answer.status_code == status
            assert_documented(document, method, path, answer)


class TestSigningIn:
    @pytest.mark.parametrize("path", ["/signup", "/sign-up/email", "/login", "/sign-in/email"])
    def test_bodies_are_described(self, document: Document, path: str) -> None:
        body = document["paths"][f"/api/auth{path}"]["post"]["requestBody"]
        schema = resolved(document, body["content"]["application/json"]["schema"])

        assert body["required"] is True
        assert sorted(schema["required"]) == ["email", "password"]
        assert schema["properties"]["email"]["format"] == "email"
        assert schema["properties"]["password"]["format"] == "password"

    @pytest.mark.parametrize("path", ["/signup", "/sign-up/email"])
    async def test_every_answer_to_a_sign_up_is_documented(
        self, service: Service, document: Document, path: str
    ) -> None:
        person = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}

        given = await self._given(
            service,
            document,
            f"/api/auth{path}",
            [person, person, person | {"email": "x"}, person | {"password": "x"}, person | {"password": "x" * 129}, {}],
        )

        assert given >= {200, 400, 403, 413, 415, 422, 503}

    @pytest.mark.parametrize("path", ["/login", "/sign-in/email"])
    async def test_every_answer_to_a_sign_in_is_documented(
        self, service: Service, document: Document, path: str
    ) -> None:
        ada = await service.signed_up()
        good = {"email": ada.email, "password": PASSWORD}

        given = await self._given(
            service,
            document,
            f"/api/auth{path}",
            [good, good | {"password": "wrong"}, good | {"email": "x"}, good | {"password": "x" * 129}, []],
        )

        assert given >= {200, 400, 401, 403, 413, 415, 503}

    @pytest.mark.parametrize("path", ["/logout", "/sign-out"])
    async def test_every_answer_to_a_sign_out_is_documented(
        self, service: Service, document: Document, path: str
    ) -> None:
        ada = await service.signed_up()
        answers = [
            await service.client.post(f"/api/auth{path}", headers={"Origin": "null"}),
            await service.client.post(f"/api/auth{path}"),
        ]
        service.trouble.error = StoreUnavailable
        answers.append(await service.client.post(f"/api/auth{path}", headers=ada.cookie))

        assert [answer.status_code for answer in answers] == [403, 200, 503]
        for answer in answers:
            assert_documented(document, "post", f"/api/auth{path}", answer)

    @pytest.mark.parametrize("path", ["/session", "/get-session"])
    async def test_every_answer_about_the_session_is_documented(
        self, service: Service, document: Document, path: str
    ) -> None:
        ada = await service.signed_up()
        answers = [
            await service.client.get(f"/api/auth{path}"),
            await service.client.get(f"/api/auth{path}", headers=ada.cookie),
        ]
        service.trouble.error = StoreUnavailable
        answers.append(await service.client.get(f"/api/auth{path}", headers=ada.cookie))

        assert [answer.status_code for answer in answers] == [200, 200, 503]
        for answer in answers:
            assert_documented(document, "get", f"/api/auth{path}", answer)

    @staticmethod
    async def _given(service: Service, document: Document, path: str, bodies: list[Any]) -> set[int]:
        client = service.client
        answers = [await client.post(path, json=body) for body in bodies]
        answers += [
            await client.post(path, headers={"Origin": "https://evil.example.com"}, json=bodies[0]),
            await client.post(path, headers={"Content-Type": "text/plain"}, content=b"x"),
            await client.post(path, headers={"Content-Type": "application/json"}, content=b"{"),
            await client.post(path, json={"email": "x" * 10_000}),
        ]
        service.trouble.error = StoreUnavailable
        answers.append(await client.post(path, json=bodies[0] | {"email": "else@example.com"}))
        for answer in answers:
            assert_documented(document, "post", path, answer)
        return {answer.status_code for answer in answers}


class TestTheRest:
    async def test_the_front_door_answers_as_documented(self, client: httpx.AsyncClient, document: Document) -> None:
        assert_documented(document, "get", "/", await client.get("/"))

    async def test_a_task_as_documented_is_a_task_as_given(
        self, service: Service, ada: SignedUp, document: Document
    ) -> None:
        schema = schema_of(document["paths"]["/api/{user_id}/tasks"]["post"], 201)

        assert set(resolved(document, schema)["properties"]) == set(await service.add_task(ada))
