"""`todo openapi` and `todo secret`."""

import json
from pathlib import Path

import rich_click as click

from todo.entrypoints.cli.main import todo, with_tools
from todo.entrypoints.cli.tools import Problem, Tools

KEPT = Path("docs/openapi.json")


@todo.command()
@click.option("--check", is_flag=True, help=f"Compare with {KEPT}; exit code 1 when they differ.")
@with_tools
def openapi(tools: Tools, check: bool) -> None:
    """Print the OpenAPI description of the HTTP API, as JSON."""
    text = json.dumps(tools.openapi(), indent=2, ensure_ascii=False)
    if not check:
        click.echo(text)
        return
    try:
        kept = KEPT.read_text(encoding="utf-8")
    except OSError as error:
        raise Problem(f"{KEPT} cannot be read: make it with todo openapi > {KEPT}") from error
    if kept.strip() != text.strip():
        raise Problem(f"the API is not as {KEPT} says: look at the difference, then todo openapi > {KEPT}")
    click.echo(f"{KEPT} is up to date")


@todo.command()
@with_tools
def secret(tools: Tools) -> None:
    """Print a new secret for `BETTER_AUTH_SECRET`: 64 hex digits, 256 bits."""
    click.echo(tools.secret())
