"""`todo doctor` at work: it looks at what there is, and changes nothing."""

import asyncio
import os
from collections.abc import Mapping, Sequence

from todo.adapters.postgres.away import why_away
from todo.adapters.postgres.embedded import default_directory
from todo.adapters.postgres.examination import examine
from todo.adapters.postgres.migrations import MigrationRefused, Migrations
from todo.adapters.system_clock import SystemClock
from todo.bootstrap import database_address, migrations_address
from todo.bootstrap.doctor import (
    SETTINGS_ARE_WRONG,
    Found,
    HostDiagnosis,
    about_database,
    about_env_file,
    about_schema,
    about_settings,
    closed_tables,
    database_away,
    embedded_away,
    embedded_to_come,
    wrong_settings,
)
from todo.bootstrap.own_data import is_set_up, kept_secret, own_server, require_possible
from todo.bootstrap.problems import read_settings, refusals_told
from todo.bootstrap.surroundings import env_file, environment
from todo.bootstrap.unknown_settings import about_unknown
from todo.config import Settings, SettingsInvalid
from todo.domain.errors import StoreUnavailable
from todo.entrypoints.cli.tools import Level, Problem


def diagnose() -> HostDiagnosis:
    """What is wrong is a finding, and no `Problem`."""
    try:
        file = env_file()
    except SettingsInvalid as error:
        return wrong_settings(error.faults, [*about_unknown(os.environ, ())])
    given, unread = environment(file), [*about_env_file(file), *about_unknown(os.environ, file.values)]
    try:
        settings = read_settings(given, serving=True)
    except Problem as problem:
        return wrong_settings(problem.lines, unread)
    findings = [*about_settings(settings), *unread]
    if settings.database_url is None:
        return _with_own_server(given, settings, findings)
    return asyncio.run(_database_seen(settings, findings, embedded=False))


def _with_own_server(given: Mapping[str, str], settings: Settings, findings: Sequence[Found]) -> HostDiagnosis:
    """One that has been set up is started, if it does not run. None is set up for us."""
    directory = settings.data_dir or default_directory(given)
    secret = directory / "secret"
    try:
        if not is_set_up(directory):
            require_possible(directory)
            return HostDiagnosis([*findings, embedded_to_come(str(directory))])
        if settings.secret is None and secret.exists():
            kept_secret(secret)
        with refusals_told(), own_server(directory) as server:
            served = read_settings({**given, "DATABASE_URL": server.url})
            return asyncio.run(_database_seen(served, findings, embedded=True))
    except Problem as problem:
        if problem.exit_code == SETTINGS_ARE_WRONG:
            return wrong_settings(problem.lines, [finding for finding in findings if finding.level is Level.MEND])
        return embedded_away(findings, problem.lines[0])


async def _database_seen(settings: Settings, so_far: Sequence[Found], *, embedded: bool) -> HostDiagnosis:
    findings, asked = [*so_far], database_address(settings)
    schema = Migrations(migrations_address(settings))
    try:
        found = await examine(asked, clock=SystemClock())
        findings += about_database(found, settings, embedded=embedded)
        asked = schema.address
        version = await schema.current()
        differences = await schema.differences() if version == schema.head else []
    except StoreUnavailable as error:
        return database_away(findings, asked.name, why_away(error))
    except MigrationRefused as error:
        return HostDiagnosis([*findings, closed_tables(str(error))])
    known, newer = version is not None and schema.knows(version), version is not None and schema.is_newer(version)
    return HostDiagnosis([*findings, about_schema(version, schema.head, differences, known=known, newer=newer)])
