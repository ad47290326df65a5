"""What the doctor thinks of settings and databases, without any."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from todo.adapters.postgres.away import ANYTHING
from todo.adapters.postgres.examination import Examination, is_local
from todo.bootstrap.doctor import (
    Found,
    HostDiagnosis,
    about_database,
    about_schema,
    about_settings,
    database_away,
    embedded_away,
    embedded_to_come,
    wrong_settings,
)
from todo.config import Settings
from todo.entrypoints.cli.tools import Level

WELL = Examination(
    version="18.6",
    major=18,
    encoding="UTF8",
    read_only=False,
    durable=True,
    room=97,
    taken=3,
    role="todo_app",
    superuser=False,
    closed_tables=(),
    clock_ahead=timedelta(milliseconds=3),
    clock_doubt=timedelta(milliseconds=1),
    pooler="none",
    pooler_expected=False,
    local=False,
    encrypted=True,
    verified=True,
)
IN_PRODUCTION = Settings(
    database_url="postgresql://todo_app@db.example.com/todo",
    secret="x" * 64,
    base_url="https://todo.example.com",
    cors_origins=frozenset({"https://app.example.com"}),
    workers=4,
    smtp_url="smtp://mail.example.com",
    trusted_proxies=(ip_network("10.0.0.0/8"),),
)


def to_mend(findings: list[Found]) -> dict[str, str]:
    return {finding.subject: finding.text for finding in findings if finding.level is Level.MEND}


def test_a_good_installation_is_well() -> None:
    findings = [
        *about_settings(IN_PRODUCTION),
        *about_database(WELL, IN_PRODUCTION, embedded=False),
        about_schema("0001", "0001", [], known=True, newer=False),
    ]

    assert {finding.level for finding in findings} == {Level.GOOD}
    assert HostDiagnosis(findings).exit_code == 0


ILLS: dict[str, tuple[dict[str, Any], str, str]] = {
    "old": ({"major": 14, "version": "14.9"}, "database", "PostgreSQL 14.9 was never tried"),
    "replica": ({"read_only": True}, "database", "takes no changes"),
    "careless": ({"durable": False}, "database", "may lose what it has confirmed"),
    "latin": ({"encoding": "LATIN1"}, "database", "is in LATIN1"),
    "superuser": ({"superuser": True, "role": "postgres"}, "role", "postgres is a superuser"),
    "closed": ({"closed_tables": ["tasks"]}, "role", "todo_app may not work on: tasks"),
    "clear": ({"encrypted": False, "verified": False}, "way", "in the clear"),
    "unverified": ({"verified": False}, "way", "could pose as the database"),
    "pooled": ({"pooler": "transaction"}, "pooler", "transaction mode"),
    "full": ({"room": 44}, "connections", "more than the 44"),
    "fast": ({"clock_ahead": timedelta(seconds=3)}, "clock", "3.0 s ahead of"),
    "slow": ({"clock_ahead": timedelta(hours=-1)}, "clock", "3600.0 s behind"),
}


@pytest.mark.parametrize("ill", ILLS)
def test_what_is_wrong_with_a_database_is_found_and_has_a_mend(ill: str) -> None:
    difference, subject, words = ILLS[ill]

    findings = [*about_database(replace(WELL, **difference), IN_PRODUCTION, embedded=False)]

    assert words in to_mend(findings)[subject]
    assert len(to_mend(findings)) == 1
    assert all(bool(finding.mend) is (finding.level is Level.MEND) for finding in findings)
    assert HostDiagnosis(findings).exit_code == 1


@pytest.mark.parametrize(
    "difference",
    [
        {"local": True, "encrypted": False, "verified": False},
        {"room": 45},
        {"pooler": "transaction", "pooler_expected": True, "room": 1},
        {"pooler": "session"},
        {"pooler_expected": True},
        {"clock_ahead": timedelta(seconds=5), "clock_doubt": timedelta(seconds=4)},
    ],
    ids=str,
)
def test_what_is_allowed_for_is_no_fault(difference: dict[str, Any]) -> None:
    found = replace(WELL, **difference)

    assert to_mend([*about_database(found, IN_PRODUCTION, embedded=False)]) == {}


def test_the_embedded_server_has_a_superuser_and_that_is_fine() -> None:
    assert to_mend([*about_database(replace(WELL, superuser=True), Settings(), embedded=True)]) == {}


@pytest.mark.parametrize(
    ("settings", "subject"),
    [
        (replace(IN_PRODUCTION, trusted_proxies=()), "proxies"),
        (replace(IN_PRODUCTION, trusted_proxies=(ip_network("0.0.0.0/0"),)), "proxies"),
        (replace(IN_PRODUCTION, trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("::/0"))), "proxies"),
        (replace(IN_PRODUCTION, throttle=False), "throttle"),
        (replace(IN_PRODUCTION, base_url="http://todo.example.com"), "address"),
        (replace(IN_PRODUCTION, base_url="http://127.0.0.1:8000", host="::"), "address"),
        (replace(IN_PRODUCTION, cors_origins=frozenset({"http://app.example.com"})), "origins"),
    ],
)
def test_what_is_wrong_with_the_way_to_people_is_found(settings: Settings, subject: str) -> None:
    assert list(to_mend([*about_settings(settings)])) == [subject]


def test_development_on_one_machine_has_nothing_to_mend() -> None:
    findings = [*about_settings(Settings())]

    assert to_mend(findings) == {}
    assert {finding.subject for finding in findings if finding.level is Level.NOTE} == {"secret", "address", "mail"}


def test_a_previous_secret_is_remembered_and_no_fault() -> None:
    findings = [*about_settings(replace(IN_PRODUCTION, previous_secret="y" * 64))]

    assert to_mend(findings) == {}
    (reminder,) = [finding for finding in findings if finding.level is Level.NOTE]
    assert reminder.subject == "secret"
    assert "unset BETTER_AUTH_SECRET_PREVIOUS seven days after the change" in reminder.text


def test_an_embedded_server_that_is_yet_to_be_made_is_no_fault() -> None:
    finding = embedded_to_come("/var/lib/todo")

    assert finding.level is Level.NOTE
    assert finding.text.endswith("has not been set up yet: todo serve makes it in /var/lib/todo")


def test_private_networks_of_any_size_may_hold_proxies() -> None:
    networks = (ip_network("10.0.0.0/8"), ip_network("fc00::/7"), ip_network("192.0.2.7"))

    assert to_mend([*about_settings(replace(IN_PRODUCTION, trusted_proxies=networks))]) == {}


def test_one_connection_is_counted_in_the_singular() -> None:
    findings = [*about_database(replace(WELL, taken=1), IN_PRODUCTION, embedded=False)]

    assert any(finding.text.endswith("; one is open now") for finding in findings)


@pytest.mark.parametrize(
    ("version", "differences", "known", "newer", "words"),
    [
        (None, [], False, False, "none yet"),
        ("0001", [], True, False, "this program needs 0002"),
        ("0003", [], False, True, "of a newer program"),
        ("theirs", [], False, False, "of no program of ours"),
        ("0002", ["add_index x", "add_index y"], True, False, "differ in 2 places from"),
        ("0002", ["add_index x"], True, False, "differ in one place from"),
    ],
)
def test_tables_that_are_not_as_needed_are_found(
    version: str | None, differences: list[str], known: bool, newer: bool, words: str
) -> None:
    finding = about_schema(version, "0002", differences, known=known, newer=newer)

    assert finding.level is Level.MEND
    assert words in finding.text


def test_the_gravest_fault_gives_the_exit_code() -> None:
    assert wrong_settings(["TODO_PORT must be a number"]).exit_code == 78
    assert database_away([Found("settings", "fine")], "db.example.com/todo", ANYTHING).exit_code == 69
    assert embedded_away([Found("settings", "fine")], "the disk is full").exit_code == 69


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("postgresql://todo@db.example.com/todo", False),
        ("postgresql://todo@10.0.0.7/todo", False),
        ("postgresql://todo@localhost/todo", True),
        ("postgresql://todo@127.0.0.1:5433/todo", True),
        ("postgresql://todo@[::1]/todo", True),
        ("postgresql://postgres@/postgres?host=%2Frun%2Fpostgresql", True),
        ("postgresql:///todo", True),
        ("postgresql://postgres@%2Ftmp%2Fx:5432/db", True),
    ],
)
def test_a_database_is_near_when_no_network_is_between(url: str, local: bool) -> None:
    assert is_local(url) is local
