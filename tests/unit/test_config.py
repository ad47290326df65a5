import re
import secrets
from collections.abc import Iterator, Mapping
from io import StringIO
from ipaddress import ip_network
from pathlib import Path

import pytest
from dotenv import dotenv_values

from todo.config import Settings, SettingsInvalid, origin_of

SECRETS = (
    "DATABASE_URL",
    "DATABASE_URL_UNPOOLED",
    "BETTER_AUTH_SECRET",
    "BETTER_AUTH_SECRET_PREVIOUS",
    "TODO_SMTP_URL",
)
"""Settings that may stand in a file of their own."""

GOOD_SECRET = "kR7vQ2mX9pL4tZ8wB3nH6sD1fG5jC0yA"
HEX_SECRET = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
URL = "postgresql://ada:hunter2@db.example.com/todo"
SMTP_URL = "smtp://ada:hunter2@mail.example.com:587"
EXAMPLE = Path(__file__).parents[2] / ".env.example"


def faults_of(environment: Mapping[str, str], *, serving: bool = True) -> list[str]:
    with pytest.raises(SettingsInvalid) as refusal:
        Settings.read(environment, serving=serving)
    return refusal.value.faults


def fault_of(environment: Mapping[str, str]) -> str:
    (fault,) = faults_of(environment)
    return fault


class TestDefaults:
    def test_nothing_needs_to_be_set(self) -> None:
        settings = Settings.read({})

        assert settings == Settings()
        assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
        assert settings.base_url == "http://127.0.0.1:8000"
        assert settings.cors_origins == {"http://localhost:3000"}
        assert (settings.database_url, settings.database_url_unpooled, settings.secret) == (None, None, None)
        assert (settings.transaction_pooler, settings.pool_size) == (False, 10)
        assert not settings.secure

    def test_what_is_blank_is_not_set(self) -> None:
        names = [
            "DATABASE_URL",
            "BETTER_AUTH_SECRET",
            "TODO_HOST",
            "TODO_PORT",
            "PORT",
            "TODO_WORKERS",
            "TODO_DRAIN_SECONDS",
            "TODO_BASE_URL",
        ]
        names += ["TODO_CORS_ORIGINS", "TODO_DB_POOLER", "TODO_DB_POOL_SIZE", "TODO_DATA_DIR", "DATABASE_URL_FILE"]
        names += ["TODO_SIGNUP", "TODO_REQUIRE_EMAIL_VERIFICATION", "TODO_SMTP_URL", "TODO_MAIL_FROM"]

        assert Settings.read(dict.fromkeys(names, "")) == Settings()

    def test_what_is_not_ours_is_left_alone(self) -> None:
        assert Settings.read({"PATH": "/bin", "TODO_UNKNOWN": "x", "HOST": "example.com"}) == Settings()


class TestWhatCanBeSet:
    def test_everything_is_read(self) -> None:
        settings = Settings.read(
            {
                "DATABASE_URL": URL,
                "DATABASE_URL_UNPOOLED": f"{URL}-unpooled",
                "BETTER_AUTH_SECRET": GOOD_SECRET,
                "TODO_DATA_DIR": "/var/lib/todo",
                "TODO_HOST": "192.0.2.1",
                "TODO_PORT": "8123",
                "TODO_WORKERS": "4",
                "TODO_DRAIN_SECONDS": "5",
                "TODO_BASE_URL": "https://todo.example.com",
                "TODO_CORS_ORIGINS": "https://app.example.com, https://other.example.com:8443",
                "TODO_DB_POOLER": "transaction",
                "TODO_DB_POOL_SIZE": "25",
                "BETTER_AUTH_SECRET_PREVIOUS": HEX_SECRET,
                "TODO_THROTTLE": "off",
                "TODO_PASSWORD_BLOCKLIST": "warn",
                "TODO_SESSION_MAX_AGE_DAYS": "30",
                "TODO_SIGNUP": "closed",
                "TODO_REQUIRE_EMAIL_VERIFICATION": "true",
                "TODO_SMTP_URL": SMTP_URL,
                "TODO_MAIL_FROM": "Todo <todo@example.com>",
                "TODO_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.7,fd00::/8",
                "TODO_METRICS": "on",
                "TODO_LOG_FORMAT": "json",
                "TODO_LOG_LEVEL": "warning",
            }
        )

        assert settings == Settings(
            database_url=URL,
            database_url_unpooled=f"{URL}-unpooled",
            secret=GOOD_SECRET,
            data_dir=Path("/var/lib/todo"),
            host="192.0.2.1",
            port=8123,
            workers=4,
            drain_seconds=5,
            base_url="https://todo.example.com",
            cors_origins=frozenset({"https://app.example.com", "https://other.example.com:8443"}),
            transaction_pooler=True,
            pool_size=25,
            previous_secret=HEX_SECRET,
            throttle=False,
            password_blocklist="warn",
            session_max_age_days=30,
            signup_open=False,
            require_email_verification=True,
            smtp_url=SMTP_URL,
            mail_from="Todo <todo@example.com>",
            trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("192.0.2.7/32"), ip_network("fd00::/8")),
            metrics=True,
            log_format="json",
            log_level="warning",
        )

    @pytest.mark.parametrize(
        ("name", "also", "value", "attribute"),
        [
            ("TODO_PORT", "PORT", "8123", "port"),
            ("TODO_BASE_URL", "BETTER_AUTH_URL", "https://todo.example.com", "base_url"),
            ("TODO_CORS_ORIGINS", "BETTER_AUTH_TRUSTED_ORIGINS", "https://app.example.com", "cors_origins"),
        ],
    )
    def test_some_have_a_second_name_and_the_first_one_wins(
        self, name: str, also: str, value: str, attribute: str
    ) -> None:
        by_first = getattr(Settings.read({name: value, also: "nonsense"}), attribute)
        by_second = getattr(Settings.read({name: "", also: value}), attribute)

        assert by_first == by_second != getattr(Settings(), attribute)

    def test_white_space_around_does_not_matter(self) -> None:
        environment = {"TODO_PORT": " 8123 ", "DATABASE_URL": f" {URL}\n", "TODO_HOST": " ::1 "}
        settings = Settings.read(environment, serving=False)

        assert (settings.port, settings.database_url, settings.host) == (8123, URL, "::1")

    def test_a_folder_may_be_told_from_home_or_from_here(self) -> None:
        assert Settings.read({"TODO_DATA_DIR": "~/todo"}).data_dir == Path.home() / "todo"
        assert Settings.read({"TODO_DATA_DIR": "data"}).data_dir == Path.cwd() / "data"

    @pytest.mark.parametrize(
        ("host", "public"),
        [
            ("0.0.0.0", "http://127.0.0.1:8123"),  # noqa: S104
            ("::", "http://127.0.0.1:8123"),
            ("192.0.2.1", "http://192.0.2.1:8123"),
            ("todo.example.com", "http://todo.example.com:8123"),
            ("::1", "http://[::1]:8123"),
        ],
    )
    def test_the_public_url_comes_from_host_and_port_when_nobody_tells_it(self, host: str, public: str) -> None:
        settings = Settings.read({"TODO_HOST": host, "TODO_PORT": "8123"})

        assert settings.base_url == public
        assert settings.trusted_origins == {public, "http://localhost:3000"}

    @pytest.mark.parametrize(
        "url", ["https://todo.example.com", "https://todo.example.com/", "HTTPS://Todo.Example.com"]
    )
    def test_a_public_url_with_https_makes_it_secure(self, url: str) -> None:
        settings = Settings.read({"TODO_BASE_URL": url})

        assert settings.secure
        assert settings.trusted_origins == {"https://todo.example.com", "http://localhost:3000"}

    def test_origins_are_compared_as_browsers_send_them(self) -> None:
        origins = "HTTPS://App.Example.com,https://app.example.com:443,http://[::1]:3000, ,http://app.example.com:80"

        assert Settings.read({"TODO_CORS_ORIGINS": origins}).cors_origins == {
            "https://app.example.com",
            "http://[::1]:3000",
            "http://app.example.com",
        }

    def test_who_does_not_serve_needs_no_secret(self) -> None:
        assert Settings.read({"DATABASE_URL": URL}, serving=False).secret is None

    @pytest.mark.parametrize("url", ["postgres://localhost/todo", "postgresql:///todo?host=/run"])
    def test_database_urls_may_have_either_name(self, url: str) -> None:
        assert Settings.read({"DATABASE_URL": url}, serving=False).database_url == url


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://example.com", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com:80", "http://example.com"),
        ("http://example.com:443", "http://example.com:443"),
        ("https://EXAMPLE.com:8443", "https://example.com:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_origin_of_a_url_is_what_a_browser_sends(url: str, origin: str) -> None:
    assert origin_of(url) == origin


class TestFaults:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(("TODO_PORT", value) for value in ("0", "65536", "-1", "http", "8000.0", "8_000", "+1", "٨", "9" * 5000)),
            ("PORT", "x"),
            *(("TODO_WORKERS", value) for value in ("0", "257", "auto")),
            *(("TODO_DB_POOL_SIZE", value) for value in ("0", "1001", "many")),
            *(("TODO_THROTTLE", value) for value in ("true", "yes", "ON", "strict")),
            *(("TODO_PASSWORD_BLOCKLIST", value) for value in ("on", "true", "refuse", "ENFORCE")),
            *(("TODO_SESSION_MAX_AGE_DAYS", value) for value in ("0", "6", "3651", "30d")),
            *(("TODO_DB_POOLER", value) for value in ("session", "Transaction", "true")),
            *(("DATABASE_URL", value) for value in ("sqlite:///x", "localhost/todo", "postgresql+asyncpg://x/y")),
            ("DATABASE_URL_UNPOOLED", "mysql://x/y"),
            *(
                ("TODO_TRUSTED_PROXIES", value)
                for value in ("*", "all", "10.0.0.1/8", "10.0.0.0/33", "proxy", "10.0.0.1,x")
            ),
            *(("TODO_METRICS", value) for value in ("yes", "ON", "1")),
            *(("TODO_LOG_FORMAT", value) for value in ("text", "JSON")),
            *(("TODO_LOG_LEVEL", value) for value in ("trace", "WARNING", "10")),
            *(
                ("TODO_BASE_URL", value)
                for value in (
                    "todo.example.com",
                    "//todo.example.com",
                    "ftp://todo.example.com",
                    "https://",
                    "https://todo.example.com/path",
                    "https://todo.example.com?x",
                    "https://todo.example.com#x",
                    "https://ada@todo.example.com",
                    "https://todo.example.com:port",
                    "https://todo.example.com:0",
                    "https://todo.example.com:65536",
                    "https://[todo",
                    "https://*.example.com",
                )
            ),
            *(
                ("TODO_CORS_ORIGINS", value)
                for value in (
                    "*",
                    "https://*.example.com",
                    "null",
                    "app.example.com",
                    "https://app.example.com/",
                    "https://app.example.com,nonsense",
                )
            ),
        ],
    )
    def test_a_value_that_cannot_be_is_told_with_its_name(self, name: str, value: str) -> None:
        fault = fault_of({name: value, "BETTER_AUTH_SECRET": GOOD_SECRET})

        told = {"PORT": "TODO_PORT"}.get(name, name)
        assert fault.startswith(f"{told} must be")

    def test_all_of_them_are_told_at_once(self) -> None:
        faults = faults_of(
            {
                "DATABASE_URL": "mysql://localhost/todo",
                "BETTER_AUTH_SECRET": "short",
                "TODO_PORT": "x",
                "TODO_WORKERS": "x",
                "TODO_BASE_URL": "x",
                "TODO_CORS_ORIGINS": "x",
                "TODO_DB_POOLER": "x",
                "TODO_DB_POOL_SIZE": "x",
            }
        )

        assert sorted(fault.partition(" ")[0] for fault in faults) == [
            "BETTER_AUTH_SECRET",
            "DATABASE_URL",
            "TODO_BASE_URL",
            "TODO_CORS_ORIGINS",
            "TODO_DB_POOLER",
            "TODO_DB_POOL_SIZE",
            "TODO_PORT",
            "TODO_WORKERS",
        ]

    def test_the_refusal_reads_as_one_sentence_with_all_of_them(self) -> None:
        with pytest.raises(SettingsInvalid, match=r"TODO_PORT .*; TODO_WORKERS ") as refusal:
            Settings.read({"TODO_PORT": "x", "TODO_WORKERS": "y"})

        assert str(refusal.value) == "; ".join(refusal.value.faults)

    def test_a_database_needs_a_secret(self) -> None:
        assert fault_of({"DATABASE_URL": URL}).startswith("BETTER_AUTH_SECRET is missing")

    def test_a_bad_secret_is_not_called_missing_as_well(self) -> None:
        assert "shorter" in fault_of({"DATABASE_URL": URL, "BETTER_AUTH_SECRET": "short"})

    def test_a_home_that_nobody_has_is_told(self) -> None:
        assert fault_of({"TODO_DATA_DIR": "~nobody-has-this-name/todo"}).startswith("TODO_DATA_DIR")


class TestSigningUp:
    @pytest.mark.parametrize("said", ["yes", "Open", "true", "close"])
    def test_it_is_open_or_closed(self, said: str) -> None:
        assert fault_of({"TODO_SIGNUP": said}) == f"TODO_SIGNUP must be open or closed, not {said!r}"

    @pytest.mark.parametrize(
        ("said", "meant"), [("true", True), ("1", True), ("YES", True), ("on", True), ("false", False), ("0", False)]
    )
    def test_addresses_are_to_be_verified_or_not(self, said: str, meant: bool) -> None:
        assert Settings.read({"TODO_REQUIRE_EMAIL_VERIFICATION": said}).require_email_verification == meant

    def test_anything_else_is_neither(self) -> None:
        fault = fault_of({"TODO_REQUIRE_EMAIL_VERIFICATION": "perhaps"})

        assert fault == "TODO_REQUIRE_EMAIL_VERIFICATION must be true or false, not 'perhaps'"

    def test_in_production_nothing_can_be_verified_without_a_mail_server(self) -> None:
        production = {"TODO_BASE_URL": "https://todo.example.com", "TODO_REQUIRE_EMAIL_VERIFICATION": "true"}

        assert fault_of(production).startswith("TODO_SMTP_URL is missing")
        assert Settings.read(production | {"TODO_SMTP_URL": SMTP_URL, "TODO_MAIL_FROM": "todo@example.com"}).smtp_url

    def test_a_mail_server_needs_somebody_who_letters_are_from(self) -> None:
        assert fault_of({"TODO_SMTP_URL": SMTP_URL}).startswith("TODO_MAIL_FROM is missing")


class TestCommonPasswords:
    @pytest.mark.parametrize(
        ("url", "said", "refused"),
        [
            ("", "", False),
            ("http://todo.example.com", "", False),
            ("https://todo.example.com", "", True),
            ("http://todo.example.com", "enforce", True),
            ("https://todo.example.com", "warn", False),
        ],
    )
    def test_are_refused_in_production_unless_it_is_said_otherwise(self, url: str, said: str, refused: bool) -> None:
        settings = Settings.read({"TODO_BASE_URL": url, "TODO_PASSWORD_BLOCKLIST": said})

        assert settings.refuses_common_passwords is refused


class TestSecrets:
    @pytest.mark.parametrize(
        "secret", [GOOD_SECRET, HEX_SECRET, "correct horse, und zurück zum Stall", "ключи от дома и сада"]
    )
    def test_that_are_long_and_mixed_are_taken_to_the_letter(self, secret: str) -> None:
        assert Settings.read({"BETTER_AUTH_SECRET": secret}).secret == secret

    def test_that_are_made_by_chance_are_taken(self) -> None:
        for _ in range(500):
            for secret in (secrets.token_hex(32), secrets.token_urlsafe(32), secrets.token_hex(16)):
                assert Settings.read({"BETTER_AUTH_SECRET": secret}).secret == secret

    @pytest.mark.parametrize("secret", ["x", "0123456789abcdef0123456789abcde", GOOD_SECRET[:-1], "ключ" * 3])
    def test_that_are_short_are_refused(self, secret: str) -> None:
        assert "shorter than 32 bytes" in fault_of({"BETTER_AUTH_SECRET": secret})

    @pytest.mark.parametrize(
        "secret",
        [
            "x" * 64,
            "0" * 32,
            "abcabcabcabcabcabcabcabcabcabcabcabc",
            "changeme" * 4,
            "changemechangemechangemechangeme-1234567890",
            "your-secret-your-secret-your-secret-0123456",
            "ReplaceMe-replace-me-Replace-Me-password-please-change",
            "better-auth-secret-12345678901234567890",
            "better-auth-secret-better-auth-secret-123456",
            "please-change-this-secret-password",
            "abc123abc123abc123abc123abc123abc123!",
            "0f1e2d3c4b5a6978" * 4,
            "deadbeef" * 8,
            "5ec2e7" * 11,
        ],
    )
    def test_that_are_easy_to_guess_are_refused(self, secret: str) -> None:
        assert "easy to guess" in fault_of({"BETTER_AUTH_SECRET": secret})

    @pytest.mark.parametrize("secret", [f" {GOOD_SECRET}", f"{GOOD_SECRET} ", f"{GOOD_SECRET}\n", f"\t{GOOD_SECRET}"])
    def test_with_white_space_around_are_refused(self, secret: str) -> None:
        assert "white space" in fault_of({"BETTER_AUTH_SECRET": secret})

    def test_that_are_no_text_are_refused(self) -> None:
        assert fault_of({"BETTER_AUTH_SECRET": "\udcff" + GOOD_SECRET}).startswith("BETTER_AUTH_SECRET")

    @pytest.mark.parametrize("secret", ["x", "changeme" * 4, f" {HEX_SECRET}", "deadbeef" * 8])
    def test_of_before_are_checked_as_those_of_now(self, secret: str) -> None:
        fault = fault_of({"BETTER_AUTH_SECRET": GOOD_SECRET, "BETTER_AUTH_SECRET_PREVIOUS": secret})

        assert fault.startswith("BETTER_AUTH_SECRET_PREVIOUS ")

    def test_of_before_and_of_now_are_not_the_same(self) -> None:
        fault = fault_of({"BETTER_AUTH_SECRET": GOOD_SECRET, "BETTER_AUTH_SECRET_PREVIOUS": GOOD_SECRET})

        assert fault == "BETTER_AUTH_SECRET_PREVIOUS is the same as BETTER_AUTH_SECRET: unset it"

    def test_are_not_shown(self) -> None:
        settings = Settings.read(
            {
                "DATABASE_URL": URL,
                "DATABASE_URL_UNPOOLED": URL,
                "BETTER_AUTH_SECRET": GOOD_SECRET,
                "BETTER_AUTH_SECRET_PREVIOUS": HEX_SECRET,
                "TODO_SMTP_URL": SMTP_URL,
                "TODO_MAIL_FROM": "todo@example.com",
            }
        )

        assert GOOD_SECRET not in repr(settings)
        assert HEX_SECRET not in repr(settings)
        assert "hunter2" not in repr(settings)

    @pytest.mark.parametrize("name", SECRETS)
    @pytest.mark.parametrize("spoil", ["hunter2", "hunter2" * 10, " hunter2hunter2hunter2-0123456789abcdef"])
    def test_stand_in_no_fault(self, name: str, spoil: str) -> None:
        faults = faults_of({name: spoil, "TODO_PORT": "x"})

        blamed = "TODO_MAIL_FROM" if name == "TODO_SMTP_URL" else name
        assert any(fault.startswith(blamed) for fault in faults)
        assert not any("hunter2" in fault for fault in faults)


class TestSecretsInFiles:
    @pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
    def test_are_read_without_the_end_of_the_line(self, tmp_path: Path, end: str) -> None:
        (tmp_path / "secret").write_text(GOOD_SECRET + end, encoding="utf-8", newline="")
        (tmp_path / "url").write_text(URL + end, encoding="utf-8", newline="")

        settings = Settings.read(
            {
                "BETTER_AUTH_SECRET_FILE": str(tmp_path / "secret"),
                "DATABASE_URL_FILE": str(tmp_path / "url"),
                "DATABASE_URL_UNPOOLED_FILE": str(tmp_path / "url"),
            }
        )

        assert (settings.secret, settings.database_url, settings.database_url_unpooled) == (GOOD_SECRET, URL, URL)

    def test_are_checked_as_any(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("short\n", encoding="utf-8")

        assert "shorter" in fault_of({"BETTER_AUTH_SECRET_FILE": str(tmp_path / "secret")})

    @pytest.mark.parametrize("name", SECRETS)
    def test_cannot_be_given_twice(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "file").write_text(GOOD_SECRET, encoding="utf-8")

        fault = fault_of({name: GOOD_SECRET, f"{name}_FILE": str(tmp_path / "file")})

        assert fault == f"{name} is given twice: unset {name} or {name}_FILE"

    @pytest.mark.parametrize("name", SECRETS)
    def test_that_cannot_be_read_are_told_with_their_place(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "binary").write_bytes(b"\xff\xfe" + GOOD_SECRET.encode())

        for place, why in (
            (tmp_path / "missing", "No such file"),
            (tmp_path, "directory"),
            (tmp_path / "binary", "text"),
        ):
            fault = fault_of({f"{name}_FILE": str(place)})

            assert fault.startswith(f"{name}_FILE cannot be read: {place}: ")
            assert why in fault
            assert GOOD_SECRET not in fault

    @pytest.mark.parametrize("name", SECRETS)
    @pytest.mark.parametrize("content", ["", "\n", " \r\n"])
    def test_that_are_empty_are_not_taken_for_settings_that_are_not_given(
        self, tmp_path: Path, name: str, content: str
    ) -> None:
        (tmp_path / "file").write_text(content, encoding="utf-8", newline="")

        fault = fault_of({f"{name}_FILE": str(tmp_path / "file")})

        assert fault == f"{name}_FILE cannot be used: {tmp_path / 'file'} is empty: was the secret put there?"

    def test_that_cannot_be_read_are_not_called_missing_as_well(self, tmp_path: Path) -> None:
        fault = fault_of({"DATABASE_URL": URL, "BETTER_AUTH_SECRET_FILE": str(tmp_path / "missing")})

        assert "cannot be read" in fault

    def test_are_read_for_secrets_only(self, tmp_path: Path) -> None:
        (tmp_path / "port").write_text("8123", encoding="utf-8")

        assert Settings.read({"TODO_PORT_FILE": str(tmp_path / "port")}).port == 8000


class Spying(Mapping[str, str]):
    """An environment with nothing in it, that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class TestTheExample:
    @pytest.fixture
    def asked(self) -> set[str]:
        """Every name of a setting that there is."""
        environment = Spying()
        Settings.read(environment)
        return environment.asked

    @pytest.fixture
    def example(self) -> str:
        return EXAMPLE.read_text(encoding="utf-8")

    def test_names_every_setting_and_nothing_else(self, asked: set[str], example: str) -> None:
        words = set(re.findall(r"\b[A-Z][A-Z0-9_]*\b", example))

        assert asked <= words
        assert {word for word in words if "_" in word} <= asked

    def test_has_a_comment_and_a_line_for_each_but_second_names_and_files(self, asked: set[str], example: str) -> None:
        lines = re.findall(r"^# [^\n]+\n(?:# )?([A-Z_]+)=", example, re.MULTILINE)

        assert len(lines) == len(set(lines))
        assert asked - set(lines) == {
            "PORT",
            "BETTER_AUTH_URL",
            "BETTER_AUTH_TRUSTED_ORIGINS",
            *(f"{name}_FILE" for name in SECRETS),
        }

    def test_sets_everything_to_its_default(self, example: str) -> None:
        values = dotenv_values(stream=StringIO(example))

        assert all(values.values())
        assert Settings.read({name: value for name, value in values.items() if value}) == Settings.read({})

    def test_comments_out_what_is_empty_by_default(self, example: str) -> None:
        assert set(re.findall(r"^# [A-Z_]+=(.*)$", example, re.MULTILINE)) == {""}
