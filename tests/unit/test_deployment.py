"""The files of a deployment say nothing that the program does not understand."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rich_click as click
import yaml  # type: ignore[import-untyped]

import todo.__main__  # noqa: F401  brings the commands
from todo.entrypoints.cli.main import todo as commands

ROOT = Path(__file__).parents[2]
SETTING = re.compile(r"\b(?:TODO|BETTER_AUTH|DATABASE_URL)[A-Z_]*\b")
OF_OTHERS = {"TODO_TEST_DATABASE_URL", "TODO_TEST_DATABASE", "TODO_TEST_POOLER"}
"""Settings of the tests."""

FILES = [ROOT / "compose.yaml", ROOT / "Dockerfile", ROOT / "docs" / "operate.md", *sorted((ROOT / "deploy").iterdir())]
DOCUMENTS = [ROOT / "docs" / "operate.md", ROOT / "deploy" / "kubernetes.yaml", ROOT / "compose.yaml"]


def settings_read() -> set[str]:
    """Every name that `Settings.read` asks for, in the way it asks."""
    source = (ROOT / "src/todo/config.py").read_text(encoding="utf-8")
    read = set(re.findall(r'reader\.\w+\(\s*"([A-Z_]+)"', source)) | set(re.findall(r'also="([A-Z_]+)"', source))
    from_files = set(re.findall(r'reader\.(?:secret|database_url|confidential)\(\s*"([A-Z_]+)"', source))
    return read | {f"{name}_FILE" for name in from_files}


def settings_explained() -> set[str]:
    return set(re.findall(SETTING, (ROOT / ".env.example").read_text(encoding="utf-8")))


def named_in(path: Path) -> set[str]:
    return set(re.findall(SETTING, path.read_text(encoding="utf-8"))) - OF_OTHERS


def environments(node: Any) -> Iterator[tuple[str, str]]:
    """Names and values in what Compose and Kubernetes put into the environment."""
    match node:
        case {"environment": dict(given), **rest}:
            yield from ((name, str(value)) for name, value in given.items())
            yield from environments(rest)
        case {"env": list(given), **rest}:
            yield from ((entry["name"], str(entry.get("value", ""))) for entry in given)
            yield from environments(rest)
        case dict():
            for value in node.values():
                yield from environments(value)
        case list():
            for value in node:
                yield from environments(value)


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((ROOT / name).read_text(encoding="utf-8")))


def test_there_are_settings_to_compare_with() -> None:
    assert {"DATABASE_URL", "DATABASE_URL_FILE", "BETTER_AUTH_SECRET", "TODO_BASE_URL", "PORT"} <= settings_read()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_that_is_named_is_read_and_explained(path: Path) -> None:
    assert named_in(path) - settings_read() == set()
    assert named_in(path) - settings_explained() == set()


@pytest.mark.parametrize("name", ["compose.yaml", "deploy/kubernetes.yaml"])
def test_what_is_put_into_the_environment_is_a_setting_of_ours_or_of_postgresql(name: str) -> None:
    given = {setting for document in documents(name) for setting, _ in environments(document)}

    assert "DATABASE_URL_FILE" in given
    assert {setting for setting in given if not setting.startswith("POSTGRES_")} <= settings_read()


@pytest.mark.parametrize("name", ["compose.yaml", "deploy/kubernetes.yaml"])
def test_no_secret_stands_in_a_file(name: str) -> None:
    for document in documents(name):
        for setting, value in environments(document):
            if "SECRET" in setting or "PASSWORD" in setting or "DATABASE_URL" in setting:
                assert setting.endswith("_FILE"), setting
                assert value.startswith("/run/secrets/"), setting


def test_every_secret_of_compose_is_used_and_made() -> None:
    (compose,) = documents("compose.yaml")
    used = {secret for service in compose["services"].values() for secret in service.get("secrets", [])}
    made = set(re.findall(r"kept (\w+)$", (ROOT / "deploy/make-secrets.sh").read_text(), flags=re.MULTILINE))

    assert used == set(compose["secrets"]) == made


def test_the_service_is_confined_wherever_it_runs() -> None:
    (compose,) = documents("compose.yaml")
    ours = [service for name, service in compose["services"].items() if name != "db"]
    pods = [
        document["spec"]["template"]["spec"]
        for document in documents("deploy/kubernetes.yaml")
        if document["kind"] == "Deployment"
    ]
    containers = [box for pod in pods for box in pod["containers"] + pod["initContainers"]]

    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in ours)
    assert all(pod["securityContext"]["runAsNonRoot"] for pod in pods)
    assert all(box["securityContext"]["readOnlyRootFilesystem"] for box in containers)
    assert all(box["securityContext"]["allowPrivilegeEscalation"] is False for box in containers)


def test_the_image_is_not_root_and_names_no_registry() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM")]

    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    assert not any("/" in base for base in bases)
    assert any(line.startswith("HEALTHCHECK") and '"healthcheck"' in line for line in lines)


def pins(name: str) -> dict[str, str]:
    """Each package of a lock file, with its version."""
    return dict(re.findall(r"(?m)^([\w.-]+)==([^ ;]+)", (ROOT / name).read_text(encoding="utf-8")))


def test_the_image_has_the_packages_of_the_program_as_they_were_tested() -> None:
    """`./dev lock` writes both files."""
    everything, to_run = pins("requirements.lock"), pins("requirements-run.lock")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {re.split(r"[<>=;\[ ]", line)[0] for line in project["project"]["dependencies"]}
    for_developers = {re.split(r"[<>=;\[ ]", line)[0] for line in project["dependency-groups"]["dev"]}

    assert needed <= set(to_run)
    assert {name: everything.get(name) for name in to_run} == to_run
    assert (for_developers - {"httpx"}) & set(to_run) == set()  # Litestar needs httpx itself


CALL = re.compile(r"(?:^|[ /(])(?:todo todo|todo|\./dev) ((?!todo )(?:[a-z][\w-]*|--?[a-z])[^|&;#>)]*)")


def commands_in(path: Path) -> list[str]:
    """Every call of `todo` in a block of shell lines or in a list of arguments."""
    text = path.read_text(encoding="utf-8")
    lines = "\n".join(re.findall(r"(?ms)^```sh\n(.*?)^```", text)).splitlines()
    calls = [call for line in lines for call in re.findall(CALL, line)]
    return calls + [call.replace(",", "") for call in re.findall(r"(?:args|command): \[((?:serve|db)[^\]]*)\]", text)]


@pytest.mark.parametrize(
    ("path", "call"),
    [(path, call) for path in DOCUMENTS for call in commands_in(path)],
    ids=lambda given: given.name if isinstance(given, Path) else given.strip(),
)
def test_every_command_that_is_printed_exists_with_its_options(path: Path, call: str) -> None:
    command: click.Command = commands
    words = call.split()
    while words and isinstance(command, click.Group) and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}

    assert not isinstance(command, click.Group), call
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known
