"""The command `todo`. What a command needs is only imported when it runs, so that `--help` answers at once."""

from todo.entrypoints.cli import about, adopt, db, serve, user
from todo.entrypoints.cli.main import todo
from todo.entrypoints.cli.tools import Tools

COMMANDS = (serve, db, adopt, user, about)
"""The modules whose commands there are: importing one adds them."""


def main() -> None:
    todo(obj=_tools)


def _tools() -> Tools:
    from todo.bootstrap.tools import HostTools

    return HostTools()


if __name__ == "__main__":
    main()
