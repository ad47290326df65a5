"""`todo db`: the tables of the database."""

import asyncio
import json
import sys

import rich_click as click

from todo.entrypoints.cli.main import todo, with_tools
from todo.entrypoints.cli.moving_in import carry_out, require_possible, result, show, told
from todo.entrypoints.cli.tools import Schema, Tools

as_json = click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")


@todo.group()
def db() -> None:
    """The tables of the database."""


@db.command()
@as_json
@with_tools
def upgrade(tools: Tools, as_json: bool) -> None:
    """Bring the tables up to date. Safe to run twice, and several times at once.

    Where Better Auth's tables are it does what `todo db adopt --yes` does. Tables of a newer program are left as they
    are.
    """
    with tools.installation({}) as installation:
        schema, adoption = installation.schema(), installation.adoption()
        plan = asyncio.run(adoption.survey())
        if plan.kind == "foreign":
            require_possible(plan)
            if not as_json:
                show(plan)
            adopted = carry_out(adoption, plan)
            click.echo(json.dumps(result(adopted, schema.head)) if as_json else told(adopted, schema.head))
            return
        done = asyncio.run(schema.upgrade())
        newer = newer_version(schema)
        if as_json:
            click.echo(json.dumps({"version": newer or schema.head, "applied": done}))
        elif newer:
            click.echo(f"{at_newer(newer, schema.head)}: they are left as they are")
        elif done:
            click.echo(f"now at {schema.head}; applied: {', '.join(done)}")
        else:
            click.echo(f"already at {schema.head}")


@db.command()
@as_json
@with_tools
def current(tools: Tools, as_json: bool) -> None:
    """Tell which version the tables have."""
    with tools.installation({}) as installation:
        schema = installation.schema()
        version = asyncio.run(schema.current())
        if as_json:
            click.echo(json.dumps({"version": version, "needed": schema.head}))
        else:
            click.echo(f"{version or 'none'} (this program needs {schema.head})")


@db.command()
@as_json
@with_tools
def check(tools: Tools, as_json: bool) -> None:
    """Tell whether the tables are as this program needs them. Exit code 1 when they are not."""
    with tools.installation({}) as installation:
        schema = installation.schema()
        version = asyncio.run(schema.current())
        differences = asyncio.run(schema.differences()) if version == schema.head else []
        good = version == schema.head and not differences
        if as_json:
            click.echo(json.dumps({"ok": good, "version": version, "needed": schema.head, "differences": differences}))
        elif good:
            click.echo(f"the tables are at {schema.head}, as this program needs them")
        elif version != schema.head:
            click.echo(_other_version(schema, version))
        else:
            click.echo("the tables differ from what this program needs:")
            for difference in differences:
                click.echo(f"  {difference}")
    sys.exit(0 if good else 1)


def newer_version(schema: Schema) -> str | None:
    """That of the tables, when a newer program has made them."""
    version = asyncio.run(schema.current())
    return version if version is not None and schema.is_newer(version) else None


def _other_version(schema: Schema, version: str | None) -> str:
    if version is not None and schema.is_newer(version):
        return f"{at_newer(version, schema.head)}: run the newer program"
    if version is not None and not schema.knows(version):
        return f"the tables are at {version}, a version of no program of ours: restore a backup"
    return f"the tables are at {version or 'none'}, this program needs {schema.head}: run todo db upgrade"


def at_newer(version: str, head: str) -> str:
    return f"the tables are at {version}, of a newer program (this one knows them up to {head})"
