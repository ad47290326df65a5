"""Names that look like settings of ours and are none."""

import re
from pathlib import Path

import pytest

from todo.bootstrap.doctor import wrong_settings
from todo.bootstrap.unknown_settings import OF_FRONT_ENDS, OF_THE_TESTS, about_unknown, known_settings
from todo.entrypoints.cli.tools import Level

ROOT = Path(__file__).parents[2]
SETTING = re.compile(r"\bTODO_[A-Z]+(?:_[A-Z]+)*\b")
OF_OTHERS = [
    "PATH", "HOST", "PORTS", "REPORT", "TODO", "TODOIST_KEY", "todo_editor", "LOG_LEVEL", "WORKERS", "DATA_DIR",
    "DATABASE_URL_2", "DATABASE_URL_RO", "TEST_DATABASE_URL", "DIRECT_DATABASE_URL", "REDIS_URL", "POSTGRES_URL",
    "BETTER_AUTH_SECRETS", "BETTER_AUTH_BASE_URL", "NEXT_PUBLIC_BETTER_AUTH_URL", "AUTH_SECRET", "SMTP_URL",
    "GITHUB_BASE_URL", "OPENAI_BASE_URL", "TRUSTED_PROXIES", "KUBERNETES_SERVICE_PORT", "TOX_WORK_DIR",
]  # fmt: skip
READ = re.compile(r"environ(?:\.get\(|\[)\"(TODO_[A-Z_]+)\"")


def mends(*environment: str, file: tuple[str, ...] = ()) -> dict[str, str]:
    """By what was said of each."""
    findings = list(about_unknown(environment, file))
    assert {finding.level for finding in findings} <= {Level.MEND}
    return {finding.text: finding.mend for finding in findings}


def test_all_that_can_be_set_is_known_and_files_of_secrets_are() -> None:
    explained = set(re.findall(SETTING, (ROOT / ".env.example").read_text(encoding="utf-8")))

    assert explained == {name for name in known_settings() if name.startswith("TODO_")}
    assert {"DATABASE_URL_FILE", "BETTER_AUTH_SECRET_PREVIOUS", "PORT"} <= known_settings()


def test_settings_of_ours_and_names_of_others_are_nothing_to_mend() -> None:
    assert mends(*known_settings(), *OF_OTHERS, file=("TODO_PORT", "LANG", *OF_OTHERS)) == {}


def test_those_of_the_tests_and_of_front_ends_are_known() -> None:
    assert mends("TODO_TEST_POOLER", "TODO_TEST_ANYTHING", "TODO_URL") == {}


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("TODO_WORKER", "TODO_WORKERS"),
        ("TODO_SMPT_URL", "TODO_SMTP_URL"),
        ("TODO_SMPT_URL_FILE", "TODO_SMTP_URL_FILE"),
        ("TODO_LOGLEVEL", "TODO_LOG_LEVEL"),
        ("TODO_PROXIES", "TODO_TRUSTED_PROXIES"),
        ("TODO_DATABASE_URL", "DATABASE_URL"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("database_url", "DATABASE_URL"),
        ("DATABASE_URL_FIEL", "DATABASE_URL_FILE"),
        ("BETTER_AUTH_SECRETT", "BETTER_AUTH_SECRET"),
        ("BETTERAUTH_URL", "BETTER_AUTH_URL"),
        ("todo_port", "TODO_PORT"),
        ("Todo_Wrokers", "TODO_WORKERS"),
        ("TOOD_PORT", "TODO_PORT"),
    ],
)
def test_a_slip_is_told_with_the_name_that_is_meant(slip: str, meant: str) -> None:
    assert mends(slip) == {f"{slip} is no setting, and has no effect": f"is {meant} meant?"}
    assert mends(file=(slip,)) == {f"{slip} (in .env) is no setting, and has no effect": f"is {meant} meant?"}


def test_what_is_like_nothing_of_ours_is_told_without_a_guess() -> None:
    assert mends("TODO_EDITOR") == {
        "TODO_EDITOR is no setting, and has no effect": "take it away: no setting has a name like it"
    }


def test_what_stands_in_the_file_alone_is_said_to_stand_there() -> None:
    told = mends("TODO_EDITOR", file=("TODO_EDITOR", "TODO_PAGER"))

    assert [text.partition(" is ")[0] for text in told] == ["TODO_EDITOR", "TODO_PAGER (in .env)"]


def test_where_settings_are_wrong_a_slip_is_told_too() -> None:
    diagnosis = wrong_settings(["TODO_SMTP_URL is missing"], [*about_unknown(["TODO_SMPT_URL"], ())])

    assert [finding.mend for finding in diagnosis.findings] == ["", "is TODO_SMTP_URL meant?"]
    assert diagnosis.exit_code == 78


def test_every_name_that_the_project_prints_or_reads_is_known() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*"), ROOT / "compose.yaml"]
    programs = [path for folder in ("tests", "benchmarks", "scripts") for path in (ROOT / folder).rglob("*.py")]
    named = {name for path in documents for name in re.findall(SETTING, path.read_text(encoding="utf-8"))}
    named |= {name for path in programs for name in re.findall(READ, path.read_text(encoding="utf-8"))}

    assert {"TODO_PORT", "TODO_TEST_POOLER", "TODO_URL"} <= named
    strange = named - known_settings() - OF_FRONT_ENDS
    assert {name for name in strange if not name.startswith(OF_THE_TESTS)} == set()
