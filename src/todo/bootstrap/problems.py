"""What goes wrong with settings and databases, as a person's problem."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from todo.adapters.postgres.adoption.plan import AdoptionRefused
from todo.adapters.postgres.away import why_away
from todo.adapters.postgres.backup import BackupRefused
from todo.adapters.postgres.migrations import MigrationRefused, TablesUnfit
from todo.bootstrap import database_address, mailer, migrations_address
from todo.bootstrap.doctor import DATABASE_IS_AWAY, SETTINGS_ARE_WRONG
from todo.bootstrap.surroundings import HOW_TO_WRITE, env_file, environment
from todo.config import Settings, SettingsInvalid
from todo.domain.errors import StoreUnavailable
from todo.entrypoints.cli.tools import Problem

log = logging.getLogger("todo.settings")


@contextmanager
def _told() -> Iterator[None]:
    """Tells what is wrong with the settings as a person's problem."""
    try:
        yield
    except SettingsInvalid as error:
        raise Problem(*error.faults, exit_code=SETTINGS_ARE_WRONG) from error


@contextmanager
def refusals_told() -> Iterator[None]:
    try:
        yield
    except AdoptionRefused as error:
        raise Problem(*error.reasons) from error
    except StoreUnavailable as error:
        away = why_away(error)
        line = f"the database cannot be reached: it {away.why}: {away.mend}"
        raise Problem(line, exit_code=DATABASE_IS_AWAY) from error
    except BackupRefused as error:
        raise Problem(str(error)) from error
    except TablesUnfit as error:
        raise Problem(str(error)) from error
    except MigrationRefused as error:
        raise Problem(f"the database refused: {error}{_hint(str(error))}") from error


def _hint(refusal: str) -> str:
    if "permission denied" in refusal or "must be owner" in refusal:
        return ". Do this as the owner of the tables: give its address as DATABASE_URL, or as DATABASE_URL_UNPOOLED"
    return ""


def what_is_set() -> Mapping[str, str]:
    """Everything, with a word on the log about lines of `.env` that say nothing. Raises `Problem`."""
    with _told():
        file = env_file()
    if file.complaint:
        log.warning("todo: %s: %s", file.complaint, HOW_TO_WRITE)
    return environment(file)


def read_settings(given: Mapping[str, str], *, serving: bool = False) -> Settings:
    """Checked down to the addresses in them. Raises `Problem`."""
    with _told():
        settings = Settings.read(given, serving=serving)
        if settings.database_url is not None:
            database_address(settings)
            migrations_address(settings)
        mailer(settings)
        return settings
