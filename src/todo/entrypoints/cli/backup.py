"""`todo backup` and `todo restore`."""

import asyncio
import json
from pathlib import Path
from typing import Any

import rich_click as click

from todo.entrypoints.cli.db import as_json
from todo.entrypoints.cli.main import todo, with_tools
from todo.entrypoints.cli.progress import progress_bar
from todo.entrypoints.cli.stopping import stopped_with
from todo.entrypoints.cli.tools import Kept, Tools


class BackupFile(click.Path):
    """A file by its name. It is read and written in no order, so standard input and output cannot take its place."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value) == "-":
            self.fail("give the name of a file: a backup is no stream", param, ctx)
        return super().convert(value, param, ctx)


FILE = BackupFile(dir_okay=False, path_type=Path)


@todo.command()
@click.argument("file", type=FILE)
@click.option("--overwrite", is_flag=True, help="Replace a FILE that is there.")
@as_json
@with_tools
def backup(tools: Tools, file: Path, overwrite: bool, as_json: bool) -> None:
    """Keep everything in FILE, as it is at one moment. The service goes on meanwhile.

    FILE is complete and on the disk when it appears, and only its owner can read it: it holds e-mail addresses,
    password hashes and tasks. Without the secret (`BETTER_AUTH_SECRET`) everybody has to sign in again.
    """
    with (
        tools.installation({}) as installation,
        progress_bar("backup") as progress,
        stopped_with(f"{file} was not written"),
    ):
        kept = asyncio.run(installation.backups().save(file, overwrite=overwrite, progress=progress))
    _tell(f"{file} holds", kept, as_json)


@todo.command()
@click.argument("file", type=FILE)
@click.option(
    "--with-sessions", is_flag=True, help="Bring back sessions and tickets too, those ended since among them."
)
@as_json
@with_tools
def restore(tools: Tools, file: Path, with_sessions: bool, as_json: bool) -> None:
    """Fill an empty database with what FILE holds, all of it or nothing, and bring the tables up to date.

    FILE is checked first, whole. The database may be of another version of PostgreSQL than the one it was made of, and
    the program newer. Everybody has to sign in again, unless `--with-sessions` is given.
    """
    with tools.installation({}) as installation, progress_bar("restore") as progress:
        kept = asyncio.run(installation.backups().restore(file, with_sessions=with_sessions, progress=progress))
    _tell("restored", kept, as_json)


def _tell(what: str, kept: Kept, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {
            "rows": dict(kept.rows),
            "left_out": list(kept.left_out),
            "schema": kept.schema,
            "made_at": kept.made_at,
        }
        click.echo(json.dumps(told))
        return
    click.echo(f"{what} {', '.join(f'{table} {rows:,}' for table, rows in kept.rows.items())}")
    for thing in kept.left_out:
        click.echo(f"left out: {thing}")
