"""Changes of tasks that a client may send again, by the header `Idempotency-Key`.

The header is that of draft-ietf-httpapi-idempotency-key-header-06. Which requests are the same, and what is kept of an
answer, is told here; that a change happens once is the domain's to see to.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, Final, TypeVar, cast

import msgspec
from litestar import Request, Response

from todo.domain.errors import IdempotencyKeyMalformed
from todo.domain.model.principal import Principal
from todo.domain.model.retry import Answer, IdempotencyKey, RequestDigest
from todo.domain.services.tasks import TaskService
from todo.entrypoints.http.reading import ApiRequest

HEADER: Final = b"idempotency-key"
REPLAYED: Final = {"Idempotency-Replayed": "true"}

Signed = Request[Principal, Any, Any]
Out = TypeVar("Out")
Change = Callable[[TaskService], Awaitable[Out]]


async def changed(request: Signed, tasks: TaskService, change: Change[Out]) -> Out:
    """What the change gives. With an `Idempotency-Key` it is made once, and its answer repeated word for word."""
    for name, _ in request.scope["headers"]:
        if name == HEADER:
            return cast(Out, await _once(request, tasks, change))  # Litestar takes a response in place of its content
    return await change(tasks)


async def _once(request: Signed, tasks: TaskService, change: Change[object]) -> Response[bytes]:
    status = request.route_handler.status_code

    async def answer(within: TaskService) -> Answer:
        return Answer(status=status, body=msgspec.json.encode(await change(within)))

    key, asked = _key(request), await _digest(cast(ApiRequest, request))
    given = await tasks.once(key, asked, answer, by=request.user)
    return Response(
        given.body,
        status_code=given.status,
        media_type="application/json",
        headers=REPLAYED if given.repeated else None,
    )


def _key(request: Signed) -> IdempotencyKey:
    """Two different keys are none."""
    given = {value for name, value in request.scope["headers"] if name == HEADER}
    if len(given) > 1:
        raise IdempotencyKeyMalformed
    return IdempotencyKey(given.pop().decode("latin-1"))


async def _digest(request: ApiRequest) -> RequestDigest:
    """Of method, path, query and body.

    The paths with and without a slash at the end are one, and so are those of the API and of the proxy to it.
    """
    path = [segment for segment in request.scope["path"].split("/") if segment]
    if path[:2] == ["api", "proxy"]:
        del path[1]
    asked = (request.method, path, request.scope["query_string"], await request.raw_body())
    return RequestDigest(sha256(msgspec.msgpack.encode(asked)).digest())
