"""`ok` and `error`: the two calls that are about nobody."""

import re
from html import escape
from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect
from msgspec import Struct

from todo.entrypoints.http.auth.redirects import with_parameter

CODE = re.compile(r"[A-Za-z0-9_'-]+")

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>That did not work</title></head>
<body><h1>That did not work</h1><p>{code}</p><p><a href="/">Go back</a></p></body>
</html>
"""


class OkOut(Struct):
    ok: bool = True


class AboutController(Controller):
    path = "/api/auth"
    tags = ("Sign-in",)

    @get("/ok", summary="Whether sign-in answers")
    async def ok(self) -> OkOut:
        """Always yes."""
        return OkOut()

    @get("/error", include_in_schema=False)
    async def error(
        self,
        secure: NamedDependency[bool],
        error: Annotated[str | None, QueryParameter()] = None,
        error_description: Annotated[str | None, QueryParameter()] = None,
    ) -> Response[str]:
        """Where links lead that have gone wrong and name no page of a client."""
        code = error if error and CODE.fullmatch(error) else "UNKNOWN"
        if secure:
            target = with_parameter("/", error=code)
            if error_description:
                target = with_parameter(target, error_description=error_description)
            moved: Response[str] = Redirect(target, status_code=302)
            return moved
        return Response(PAGE.format(code=escape(code)), media_type="text/html")
