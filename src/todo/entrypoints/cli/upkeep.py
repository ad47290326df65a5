"""`todo maintenance` and `todo sessions`."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import rich_click as click

from todo.domain.model.text import visible
from todo.domain.services.accounts import SignedIn
from todo.domain.services.administration import Administration
from todo.entrypoints.cli.db import as_json
from todo.entrypoints.cli.main import todo, with_tools
from todo.entrypoints.cli.tools import Problem, Tools
from todo.entrypoints.cli.user import confirmed, work_on_accounts

SHOWN = 100
MOST = 10_000


@todo.command()
@click.option("--dry-run", is_flag=True, help="Only tell how much there is.")
@as_json
@with_tools
def maintenance(tools: Tools, dry_run: bool, as_json: bool) -> None:
    """Clear away what is over: sessions, tickets in letters, counted attempts and kept answers past their time.

    The service does this by itself every hour. Safe at any time, and several times at once.
    """

    async def in_loop() -> dict[str, int]:
        async with installation.maintenance() as service:
            found = await (service.survey() if dry_run else service.tidy())
        return {kind.value: number for kind, number in found.items()}

    with tools.installation({}) as installation:
        cleared = asyncio.run(in_loop())
    if as_json:
        click.echo(json.dumps({"done": not dry_run, "cleared": cleared}))
    else:
        told = ", ".join(f"{kind} {number:,}" for kind, number in cleared.items())
        click.echo(f"{'there is to clear away' if dry_run else 'cleared away'}: {told}")


@todo.group()
def sessions() -> None:
    """Who is signed in."""


of_user = click.option("--user", metavar="ID", help="Of the user with this id.")
of_email = click.option("--email", metavar="ADDRESS", help="Of the user with this address.")


@sessions.command("list")
@of_user
@of_email
@click.option("--limit", type=click.IntRange(1, MOST), default=SHOWN, show_default=True, help="At most so many.")
@as_json
@with_tools
def list_sessions(tools: Tools, user: str | None, email: str | None, limit: int, as_json: bool) -> None:
    """List the sessions that go on: of one user, or of all, those that were extended last.

    A line each: the user's id and address, until when, and from where and with what they signed in. That there are
    more than `--limit` is said on standard error.
    """
    whose = _one_of(user, email)

    async def find(accounts: Administration) -> Sequence[SignedIn]:
        if whose is None:
            return await accounts.latest_sessions(limit + 1)
        return await accounts.sessions_of(await accounts.find(whose))

    there = work_on_accounts(tools, find)
    found = there[:limit]
    if len(there) > limit:
        larger = f"say --limit with a number up to {MOST:,}" if limit < MOST else "ask for one user by --email"
        click.echo(f"todo: there are more than the {limit:,} shown: {larger}", err=True)
    if as_json:
        click.echo(json.dumps([_row(one) for one in found], indent=2))
        return
    if not found:
        click.echo("Nobody is signed in.")
    ids = max((len(one.user.id) for one in found), default=0)
    addresses = max((len(one.user.email) for one in found), default=0)
    for one in found:
        who = f"{one.user.id:<{ids}}  {one.user.email:<{addresses}}"
        device = one.session.device
        click.echo(
            visible(f"{who}  until {one.session.expires_at:%Y-%m-%d %H:%M}  {device.address or '-'}  {device.agent}")
        )


@sessions.command()
@of_user
@of_email
@click.option("--all", "everybody", is_flag=True, help="Of everybody.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_tools
def end(tools: Tools, user: str | None, email: str | None, everybody: bool, yes: bool) -> None:
    """Sign one user out everywhere, or with `--all` everybody. Holds at once, on every worker.

    Tokens that another holder of the secret has minted have no session: they are good until they expire.
    """
    whose = _one_of(user, email)
    if (whose is None) is not everybody:
        raise Problem("say whose sessions are to end: --user ID, --email ADDRESS, or --all", exit_code=2)
    if whose is None:
        confirmed("Sign everybody out?", yes=yes, otherwise="nobody was signed out")
        ended = work_on_accounts(tools, lambda accounts: accounts.end_all_sessions())
        click.echo(f"everybody is signed out ({ended:,} sessions)")
        return

    async def sign_out(accounts: Administration) -> str:
        found = await accounts.find(whose)
        await accounts.end_sessions_of(found)
        return found.email

    click.echo(f"{work_on_accounts(tools, sign_out)} is signed out everywhere")


def _one_of(user: str | None, email: str | None) -> str | None:
    if user is not None and email is not None:
        raise Problem("name the user once: by --user or by --email", exit_code=2)
    return email if user is None else user


def _row(one: SignedIn) -> dict[str, Any]:
    session = one.session
    return {
        "user": session.user,
        "email": one.user.email,
        "createdAt": session.created_at.isoformat(),
        "expiresAt": session.expires_at.isoformat(),
        "ipAddress": session.device.address,
        "userAgent": session.device.agent,
    }
