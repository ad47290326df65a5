"""The command `todo`. What a command needs is only imported when it runs, so that `--help` answers at once."""

from todo.entrypoints.cli import about, adopt, backup, db, doctor, serve, upkeep, user
from todo.entrypoints.cli.main import todo
from todo.entrypoints.cli.tools import Tools

COMMANDS = (serve, db, adopt, backup, user, upkeep, doctor, about)
"""The modules whose commands there are: importing one adds them."""


def main() -> None:
    todo(obj=_tools)


def _tools() -> Tools:
    from todo.bootstrap.tools import HostTools

    return HostTools()


if __name__ == "__main__":
    main()
