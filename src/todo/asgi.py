"""The ASGI door: `uvicorn --factory todo.asgi:create`."""

from todo.bootstrap import build, logs
from todo.bootstrap.surroundings import environment
from todo.config import Settings
from todo.entrypoints.http.edge import Edge


def create() -> Edge:
    """The application, by the settings of the environment, and the log of this process. Raises `SettingsInvalid`."""
    settings = Settings.read(environment())
    log = logs(settings)
    app = build(settings, log=log)
    log.start()
    return app
