"""The ASGI door: `uvicorn --factory todo.asgi:create`."""

from litestar.types import ASGIApp

from todo.bootstrap import build, environment
from todo.config import Settings


def create() -> ASGIApp:
    """The application, by the settings of the environment. Raises `SettingsInvalid`."""
    return build(Settings.read(environment()))
