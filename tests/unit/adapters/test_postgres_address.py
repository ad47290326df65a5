import ssl
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from todo.adapters.postgres.address import DatabaseAddress

NEON = (
    "postgresql://ada:s3cret@ep-cool-sea-123456-pooler.eu-central-1.aws.example.com/todo"
    "?sslmode=require&channel_binding=require"
)
HEROKU = "postgres://ada:s3cret@ec2-1-2-3-4.compute.example.com:5432/d4v5"
PRISMA = (
    "postgresql://ada:s3cret@db.example.com:6543/todo?schema=public&pgbouncer=true&connection_limit=1&pool_timeout=0"
)
SOCKET = "postgresql://postgres@/postgres?host=/home/ada/.local/share/todo/postgres/run"
ODD_SOCKET = "postgresql://postgres@/postgres?host=/tmp/a%2Bb%20%26%20c%20100%25/run"
BARE = "postgresql:///todo"
PLAIN = "postgresql://localhost/todo"

UNDERSTOOD = [
    (NEON, "ep-cool-sea-123456-pooler.eu-central-1.aws.example.com/todo", True),
    (NEON.replace("-pooler", ""), "ep-cool-sea-123456.eu-central-1.aws.example.com/todo", False),
    (HEROKU, "ec2-1-2-3-4.compute.example.com:5432/d4v5", False),
    (PRISMA, "db.example.com:6543/todo", True),
    (PRISMA.replace("pgbouncer=true", "pgbouncer=1"), "db.example.com:6543/todo", True),
    (PRISMA.replace("pgbouncer=true", "pgbouncer=false"), "db.example.com:6543/todo", False),
    (SOCKET, "/home/ada/.local/share/todo/postgres/run/postgres", False),
    (ODD_SOCKET, "/tmp/a+b & c 100%/run/postgres", False),
    (BARE, "localhost/todo", False),
    ("postgresql://localhost", "localhost/", False),
    ("  postgresql://localhost/todo\n", "localhost/todo", False),
    ("POSTGRES://localhost/todo", "localhost/todo", False),
    ("postgresql://localhost/to%20do", "localhost/to do", False),
    ("postgresql://pooler.example.com/todo", "pooler.example.com/todo", False),
]
DROPPED = [
    "channel_binding=require",
    "gssencmode=disable",
    "sslsni=1",
    "keepalives=1",
    "keepalives_idle=30",
    "connection_limit=5",
    "pool_timeout=10",
    "pgbouncer=true",
    "schema=public",
]
KEPT = [
    ("sslmode=require", "sslmode=require"),
    ("sslmode=verify-full&sslrootcert=/ca.pem", "sslmode=verify-full&sslrootcert=%2Fca.pem"),
    ("application_name=todo", "application_name=todo"),
    ("options=-c%20statement_timeout%3D5s", "options=-c%20statement_timeout%3D5s"),
    ("search_path=app", "search_path=app"),
    ("target_session_attrs=read-write", "target_session_attrs=read-write"),
    ("user=ada&password=x", "user=ada&password=x"),
]
REFUSED = [
    ("", "must begin with postgresql://"),
    ("todo", "must begin with postgresql://"),
    ("mysql://localhost/todo", "must begin with postgresql://"),
    ("postgresql+asyncpg://localhost/todo", "must begin with postgresql://"),
    ("http://localhost/todo", "must begin with postgresql://"),
    ("postgresql://localhost/todo?sslmod=require", "sslmod"),
    ("postgresql://localhost/todo?b=1&a=2", "a, b"),
    ("postgresql://localhost/todo?schema=app", "search_path"),
    ("postgresql://localhost/todo?connect_timeout=soon", "connect_timeout"),
    ("postgresql://localhost/todo?connect_timeout=-1", "connect_timeout"),
    ("postgresql://localhost/todo?connect_timeout=", "connect_timeout"),
    ("postgresql://localhost:port/todo", "port"),
    ("postgresql://localhost:65536/todo", "port"),
    ("postgresql://localhost:-1/todo", "port"),
]


def what_is_told(url: str) -> str:
    """All that a person may come to see of an address, or of why it is none."""
    try:
        address = DatabaseAddress.parse(url)
    except ValueError as error:
        return f"{error} {error!r}"
    return f"{address.name} {address!r} {address}"


class TestAddresses:
    @pytest.mark.parametrize(("url", "name", "pooled"), UNDERSTOOD)
    def test_are_taken_as_people_have_them(self, url: str, name: str, pooled: bool) -> None:
        address = DatabaseAddress.parse(url)

        assert (address.name, address.pooled) == (name, pooled)

    @pytest.mark.parametrize("url", [url for url, _, _ in UNDERSTOOD])
    def test_keep_who_we_are_and_where_it_is(self, url: str) -> None:
        given, kept = urlsplit(url.strip()), urlsplit(DatabaseAddress.parse(url).url)

        assert (kept.scheme, kept.netloc, kept.path) == ("postgresql", given.netloc, given.path)

    @pytest.mark.parametrize("option", DROPPED)
    def test_lose_the_options_that_asyncpg_does_not_know(self, option: str) -> None:
        address = DatabaseAddress.parse(f"postgresql://localhost/todo?sslmode=require&{option}")

        assert address.url == "postgresql://localhost/todo?sslmode=require"

    @pytest.mark.parametrize(("option", "kept"), KEPT)
    def test_keep_the_options_that_it_knows(self, option: str, kept: str) -> None:
        assert DatabaseAddress.parse(f"postgresql://localhost/todo?{option}").url.endswith(f"?{kept}")

    def test_of_a_socket_come_to_the_same_socket(self) -> None:
        for url, place in ((SOCKET, "/home/ada/.local/share/todo/postgres/run"), (ODD_SOCKET, "/tmp/a+b & c 100%/run")):
            assert urlsplit(DatabaseAddress.parse(url).url).query == f"host={quote(place, safe='')}"

    @pytest.mark.parametrize(("url", "told"), REFUSED)
    def test_that_cannot_be_are_refused_with_a_reason(self, url: str, told: str) -> None:
        with pytest.raises(ValueError, match=told):
            DatabaseAddress.parse(url)

    def test_say_how_long_to_wait_for_a_connection(self) -> None:
        usual, chosen = DatabaseAddress.parse(PLAIN), DatabaseAddress.parse(f"{PLAIN}?connect_timeout=3")

        assert usual.connect_arguments["timeout"] > 0
        assert chosen.connect_arguments["timeout"] == 3
        assert chosen.url == PLAIN

    def test_say_that_nothing_may_outlive_a_transaction_behind_a_pooler(self) -> None:
        for address in (
            DatabaseAddress.parse(NEON),
            DatabaseAddress.parse(PRISMA),
            DatabaseAddress.parse(BARE, pooled=True),
        ):
            assert address.connect_arguments["statement_cache_size"] == 0

    def test_leave_the_cache_of_statements_alone_elsewhere(self) -> None:
        assert "statement_cache_size" not in DatabaseAddress.parse(HEROKU).connect_arguments


class TestTls:
    @pytest.mark.parametrize("query", ["", "?sslmode=disable", "?sslmode=prefer", "?sslmode=require"])
    def test_is_left_to_asyncpg_when_no_certificate_is_checked(self, query: str) -> None:
        assert "ssl" not in DatabaseAddress.parse(PLAIN + query).connect_arguments

    def test_is_left_to_asyncpg_when_a_file_has_the_authorities(self) -> None:
        assert (
            "ssl" not in DatabaseAddress.parse(f"{PLAIN}?sslmode=verify-full&sslrootcert=/etc/ca.pem").connect_arguments
        )

    @pytest.mark.parametrize("root", ["", "&sslrootcert=system"])
    @pytest.mark.parametrize(("mode", "checks_name"), [("verify-full", True), ("verify-ca", False)])
    def test_checks_against_the_authorities_of_the_system(self, mode: str, checks_name: bool, root: str) -> None:
        arguments: dict[str, Any] = DatabaseAddress.parse(f"{PLAIN}?sslmode={mode}{root}").connect_arguments

        assert isinstance(arguments["ssl"], ssl.SSLContext)
        assert arguments["ssl"].verify_mode is ssl.CERT_REQUIRED
        assert arguments["ssl"].check_hostname is checks_name
        assert arguments["dsn"] == PLAIN

    def test_tells_when_a_certificate_of_ours_cannot_be_read(self) -> None:
        with pytest.raises((ValueError, OSError)):
            DatabaseAddress.parse(f"{PLAIN}?sslmode=verify-full&sslcert=/nonexistent")


SECRET = "hunter2hunter2"


class TestThePassword:
    @pytest.mark.parametrize(
        "url",
        [
            f"postgresql://ada:{SECRET}@db.example.com/todo",
            f"postgresql://ada:{SECRET}@/todo?host=/run",
            f"postgresql://ada@db.example.com/todo?password={SECRET}",
            f"postgresql://ada@db.example.com/todo?password={SECRET}&unknown=1",
            f"postgresql://ada:{SECRET}@db.example.com:port/todo",
            f"postgresql://ada:{SECRET}@db.example.com/todo?schema=app",
            f"mysql://ada:{SECRET}@db.example.com/todo",
        ],
    )
    def test_is_never_told(self, url: str) -> None:
        assert SECRET not in what_is_told(url)

    @pytest.mark.parametrize("before", ["", "1", "a", "1/", "a/", "#", "1#", "?", "1?", "a?", "%", "[", "]", "@", ":"])
    @pytest.mark.parametrize("after", ["", "/", "?", "#", "]", "@", ":", "=", "&x="])
    def test_is_never_told_when_it_was_not_quoted(self, before: str, after: str) -> None:
        url = f"postgresql://ada:{before}{SECRET}{after}@db.example.com:5432/todo?sslmode=require"

        assert SECRET not in what_is_told(url)

    @pytest.mark.parametrize("odd", ["\N{ACCOUNT OF}", "\N{FULLWIDTH COLON}", "\N{FULLWIDTH SOLIDUS}"])
    def test_is_never_told_when_it_has_characters_that_look_like_others(self, odd: str) -> None:
        assert SECRET not in what_is_told(f"postgresql://ada:{odd}{SECRET}@db.example.com/todo")

    @settings(max_examples=200)
    @given(st.text("/?#[]@:%=& 1a\N{ACCOUNT OF}", max_size=4), st.text("/?#[]@:%=& 1a\N{ACCOUNT OF}", max_size=4))
    @example("1/", "")
    def test_is_never_told_whatever_stands_around_it(self, before: str, after: str) -> None:
        assert SECRET not in what_is_told(f"postgresql://ada:{before}{SECRET}{after}@db.example.com/todo")
