"""`todo user`: accounts, for those who run the service."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import rich_click as click

from todo.domain.model.text import visible
from todo.domain.model.user import Email, Name, Password, User
from todo.domain.services.administration import Administration
from todo.entrypoints.cli.db import as_json
from todo.entrypoints.cli.main import todo, with_tools
from todo.entrypoints.cli.tools import Problem, Tools

Result = TypeVar("Result")

password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, one line, in place of asking for it."
)


@todo.group()
def user() -> None:
    """Accounts."""


@user.command()
@click.argument("email")
@click.option("--name", help="What to call them.  [the address before the @]")
@password_stdin
@as_json
@with_tools
def create(tools: Tools, email: str, name: str | None, password_stdin: bool, as_json: bool) -> None:
    """Make an account for EMAIL."""
    address = Email(email)
    called = None if name is None else Name(name)
    password = Password(_password(password_stdin))
    made = work_on_accounts(tools, lambda accounts: accounts.create(address, password, called))
    if as_json:
        click.echo(json.dumps(_row(made)))
    else:
        click.echo(visible(f"{made.email} has an account: {made.id}"))


@user.command("list")
@as_json
@with_tools
def list_users(tools: Tools, as_json: bool) -> None:
    """List all accounts, the oldest first."""
    found = work_on_accounts(tools, lambda accounts: accounts.all())
    if as_json:
        click.echo(json.dumps([_row(user) for user in found], indent=2))
        return
    width = max((len(user.email) for user in found), default=0)
    for user in found:
        click.echo(visible(f"{user.email:<{width}}  {user.id}  since {user.created_at:%Y-%m-%d}"))


@user.command("set-password")
@click.argument("user")
@password_stdin
@with_tools
def set_password(tools: Tools, user: str, password_stdin: bool) -> None:
    """Set a new password for USER (an address or an id), and end all their sessions."""

    async def change(accounts: Administration) -> None:
        found = await accounts.find(user)
        await accounts.set_password(found, Password(_password(password_stdin)))

    work_on_accounts(tools, change)
    click.echo(f"{user} has a new password, and is signed out everywhere")


@user.command()
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_tools
def delete(tools: Tools, user: str, yes: bool) -> None:
    """Delete USER (an address or an id) with all their tasks and sessions, for good."""

    async def remove(accounts: Administration) -> User:
        found = await accounts.find(user)
        confirmed(f"Delete {found.email} with all their tasks?", yes=yes, otherwise="nothing was deleted")
        await accounts.delete(found)
        return found

    click.echo(visible(f"{work_on_accounts(tools, remove).email} is deleted"))


def work_on_accounts(tools: Tools, do: Callable[[Administration], Awaitable[Result]]) -> Result:
    """Does it with the accounts of the installation."""

    async def in_loop() -> Result:
        async with installation.accounts() as accounts:
            return await do(accounts)

    with tools.installation({}) as installation:
        return asyncio.run(in_loop())


def _row(user: User) -> dict[str, str]:
    return {"id": user.id, "email": user.email, "name": user.name, "createdAt": user.created_at.isoformat()}


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Problem("there is no terminal to ask for the password: use --password-stdin", exit_code=2)
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


def confirmed(question: str, *, yes: bool, otherwise: str) -> None:
    """Goes on when somebody says yes, or has said so before. Raises `Problem`."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Problem("there is no terminal to ask for a yes: use --yes", exit_code=2)
    if not click.confirm(question, err=True):
        raise Problem(otherwise)
