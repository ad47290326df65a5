"""Forms, as browsers without scripts send them, and what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import parse_qsl

from litestar import Request
from litestar.exceptions import ClientException, InternalServerException

from todo.domain.errors import DomainError
from todo.entrypoints.http.errors import SIGN_IN_SIDE, closest, retry_after
from todo.entrypoints.http.reading import FORM, ClientGone
from todo.entrypoints.web.words import REFUSALS, Saying

MOST_FIELDS: Final = 50


async def fields_of(request: Request[Any, Any, Any]) -> Mapping[str, str]:
    """The fields by name; of one name the last. Raises `ClientException` for what is no form, or `ClientGone`."""
    try:
        body = await request.body()
    except InternalServerException as error:
        raise ClientGone from error
    if not body:
        return {}
    if request.content_type[0].lower() != FORM:
        raise ClientException(status_code=415)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:  # more fields than any form of ours has, or bytes that are no text
        raise ClientException from error
    return dict(pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a form was not accepted, as the page tells it."""

    status: int
    text: str
    field: str | None
    headers: Mapping[str, str]

    @classmethod
    def of(cls, error: DomainError) -> Self:
        """In the words of the pages; the status is that of the API."""
        status, code, message = SIGN_IN_SIDE[closest(error, SIGN_IN_SIDE)]
        saying = REFUSALS.get(code or "", Saying(message))
        return cls(status=status, text=saying.text, field=saying.field, headers=retry_after(error))
