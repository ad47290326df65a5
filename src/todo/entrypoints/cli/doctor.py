"""`todo doctor`."""

import json
import sys

import rich_click as click

from todo.entrypoints.cli.db import as_json
from todo.entrypoints.cli.main import todo, with_tools
from todo.entrypoints.cli.tools import Finding, Level, Tools


@todo.command()
@as_json
@with_tools
def doctor(tools: Tools, as_json: bool) -> None:
    """Look at the settings, the database and the way between, and say what to mend.

    Exit code 0 when all is well, 1 when there is something to mend, 69 when the database is away, 78 when the
    settings are wrong.
    """
    diagnosis = tools.doctor()
    if as_json:
        findings = [
            {"level": finding.level.value, "subject": finding.subject, "text": finding.text, "mend": finding.mend}
            for finding in diagnosis.findings
        ]
        click.echo(json.dumps({"ok": diagnosis.exit_code == 0, "findings": findings}, indent=2))
    else:
        for finding in diagnosis.findings:
            _tell(finding)
        to_mend = sum(finding.level is Level.MEND for finding in diagnosis.findings)
        click.echo(f"{to_mend} to mend" if to_mend else "all is well")
    sys.exit(diagnosis.exit_code)


def _tell(finding: Finding) -> None:
    colour = {Level.GOOD: "green", Level.NOTE: "cyan", Level.MEND: "red"}[finding.level]
    click.echo(f"{click.style(f'{finding.level.value:<4}', fg=colour)}  {finding.subject:<11} {finding.text}")
    if finding.mend:
        click.echo(f"{'':18}→ {finding.mend}")
