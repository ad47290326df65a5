"""What the log of the process is told by the settings."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest

from todo.adapters.logs import Logs
from todo.bootstrap import known_secrets, logs
from todo.bootstrap.installation import HostInstallation
from todo.config import Settings

SETTINGS = Settings(
    secret="a1b2c3d4e5f60718293a4b5c6d7e8f90",
    previous_secret="0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    database_url="postgresql://todo:canary%2Fone%21@db.example.com/todo",
    database_url_unpooled="postgresql://db.example.com/todo?user=todo&password=canary%20two+2&sslpassword=canary-three",
    smtp_url="smtp://todo:canary%40four@mail.example.com:587",
    mail_from="todo@example.com",
    log_format="json",
)
SECRETS = [
    "a1b2c3d4e5f60718293a4b5c6d7e8f90", "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "canary%2Fone%21", "canary/one!", "canary%20two+2", "canary two+2", "canary-three", "canary%40four", "canary@four",
]  # fmt: skip
BEHIND_A_PROXY = replace(SETTINGS, base_url="https://todo.example.com")


@pytest.fixture(autouse=True)
def loggers_given_back() -> Iterator[None]:
    yield
    for handler in logging.getLogger().handlers[:]:
        if isinstance(handler, Logs):
            handler.stop()


def told_at_the_start(settings: Settings, capture: pytest.CaptureFixture[str]) -> list[str]:
    HostInstallation(settings=settings, data="", for_workers={}, owns_database=False).begin_log()
    loggers = [handler for handler in logging.getLogger().handlers if isinstance(handler, Logs)]
    loggers[0].stop()
    return capture.readouterr().err.splitlines()


def test_every_secret_of_the_settings_is_known_as_written_and_as_meant() -> None:
    assert known_secrets(SETTINGS) == set(SECRETS)


@pytest.mark.parametrize("secret", SECRETS)
def test_none_of_them_gets_into_the_log(secret: str, capfd: pytest.CaptureFixture[str]) -> None:
    log = logs(SETTINGS)
    log.start()

    logging.getLogger("todo").warning("the server said <%s>", secret)

    log.stop()
    assert "the server said <[redacted]>" in capfd.readouterr().err


def test_a_password_that_is_an_ordinary_word_does_not_make_gaps_that_tell_it() -> None:
    assert known_secrets(Settings(database_url="postgresql://todo:postgres@127.0.0.1/todo")) == set()


def test_an_address_that_cannot_be_read_is_for_others_to_refuse() -> None:
    assert known_secrets(Settings(database_url="postgresql://todo:canary-one@[::1/todo")) == set()


def test_https_without_a_proxy_that_is_trusted_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    (line,) = told_at_the_start(BEHIND_A_PROXY, capfd)

    assert "no proxy is trusted" in line
    assert "TODO_TRUSTED_PROXIES" in line


@pytest.mark.parametrize(
    "settings", [SETTINGS, replace(BEHIND_A_PROXY, trusted_proxies=(ip_network("127.0.0.1"),))], ids=["http", "trusted"]
)
def test_there_is_nothing_to_warn_of_otherwise(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    assert told_at_the_start(settings, capfd) == []
