"""`todo db adopt`: moving in where Better Auth lives."""

import asyncio
import json
import sys

import rich_click as click

from todo.entrypoints.cli.db import as_json, db, newer_version
from todo.entrypoints.cli.main import with_tools
from todo.entrypoints.cli.moving_in import as_data, carry_out, require_possible, result, show, told
from todo.entrypoints.cli.tools import Plan, Problem, Tools

NOTHING_TO_ADOPT = {
    "empty": "there is nothing to adopt: the database has no tables of Better Auth, and none called tasks",
    "ours": "there is nothing to adopt: the tables are this program's",
}


@db.command()
@click.option("--dry-run", is_flag=True, help="Only tell what was found and what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@with_tools
def adopt(tools: Tools, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Take over a database that Better Auth (1.2 to 1.7) has filled.

    Every row stays, and what is missing is added, in one transaction. A table `tasks` of an earlier backend is taken
    over too. Safe to run twice. Make a backup first.
    """
    with tools.installation({}) as installation:
        adoption = installation.adoption()
        plan = asyncio.run(adoption.survey())
        schema = installation.schema()
        if not as_json:
            _tell(plan)
        elif dry_run or plan.refusals:
            click.echo(json.dumps({"ok": not plan.refusals, "done": False, **as_data(plan)}, indent=2))
        require_possible(plan)
        if dry_run:
            return
        if plan.kind == "foreign" and not yes:
            _confirm()
        done = carry_out(adoption, plan)
        version = newer_version(schema) or schema.head
        if as_json:
            click.echo(json.dumps({"ok": True, "done": True, **as_data(plan), **result(done, version)}, indent=2))
        else:
            click.echo(told(done, version))


def _tell(plan: Plan) -> None:
    if plan.kind in NOTHING_TO_ADOPT:
        click.echo(NOTHING_TO_ADOPT[plan.kind])
    else:
        show(plan)


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise Problem("there is no terminal to ask for a yes: use --yes, or --dry-run to look only", exit_code=2)
    if not click.confirm("Do this now?", err=True):
        raise Problem("nothing was changed")
