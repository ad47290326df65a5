"""Tells a person what adopting a database means, and does it before their eyes."""

import asyncio
from collections.abc import Mapping
from typing import Any

import rich_click as click

from todo.entrypoints.cli.progress import progress_bar
from todo.entrypoints.cli.tools import Adopted, Adoption, Plan, Problem


def show(plan: Plan) -> None:
    """What was found, and what will be done about it."""
    click.echo(f"Found       {plan.made_by}")
    click.echo(f"Rows        {_counts(plan.rows)}")
    for place, thing in enumerate(plan.left_alone):
        click.echo(f"{'Left alone' if place == 0 else '':<10}  {thing}")
    if plan.steps:
        click.echo("\nTo do, in one transaction that keeps every row:")
        for number, step in enumerate(plan.steps, start=1):
            click.echo(f"{number:>4}. {step.text}")
    if plan.notes:
        click.echo("\nPlease note:")
        for note in plan.notes:
            click.echo(f"  - {note}")
    if plan.steps:
        click.echo()


def carry_out(adoption: Adoption, plan: Plan) -> Adopted:
    """On a terminal it shows how far it is."""
    with progress_bar("look again", total=len(plan.steps)) as progress:
        return asyncio.run(adoption.adopt(state=plan.state, progress=progress))


def told(done: Adopted, version: str) -> str:
    if done.kind != "foreign":
        return f"the tables are at {version}"
    made = f"; {done.recorded} of them made for tasks without a user" if done.recorded else ""
    return f"done: every row is there ({_counts(done.rows)}{made}), and the tables are at {version}"


def require_possible(plan: Plan) -> None:
    if plan.refusals:
        raise Problem(*plan.refusals)


def as_data(plan: Plan) -> dict[str, Any]:
    return {
        "kind": plan.kind,
        "found": plan.made_by,
        "rows": dict(plan.rows),
        "left_alone": list(plan.left_alone),
        "steps": [step.text for step in plan.steps],
        "notes": list(plan.notes),
        "refusals": list(plan.refusals),
    }


def result(done: Adopted, version: str) -> dict[str, Any]:
    return {"version": version, "applied": list(done.applied), "rows": dict(done.rows), "recorded": done.recorded}


def _counts(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{table} {number:,}" for table, number in rows.items()) or "none"
