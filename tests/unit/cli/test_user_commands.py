"""`todo user`."""

import json
from datetime import timedelta

import pytest

from tests.unit.cli.memory_tools import MemoryTools, Shell
from todo.domain.services.administration import Administration
from todo.domain.services.choosing import PasswordChoice

PASSWORD = "correct horse battery"
OTHER_PASSWORD = "Tr0ub4dor & 3"


def test_who_was_created_has_an_account_and_a_password(shell: Shell) -> None:
    made = shell.create("Ada@Example.com", PASSWORD)

    [user] = shell.users()
    assert shell.opens("ada@example.com", PASSWORD)
    assert (made.exit_code, made.stdout) == (0, f"ada@example.com has an account: {user.id}\n")
    assert user.name == "ada"
    assert PASSWORD not in made.output


def test_a_script_can_read_who_was_created(shell: Shell) -> None:
    made = shell.create("ada@example.com", PASSWORD, "--name", "Ada Lovelace", "--json")

    [user] = shell.users()
    assert json.loads(made.stdout) == {
        "id": user.id,
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "createdAt": "2026-11-24T12:00:00+00:00",
    }


@pytest.mark.parametrize("end", ["\n", "\r\n", "", "\nanother line\n"], ids=repr)
def test_a_password_is_the_first_line_as_it_stands(shell: Shell, end: str) -> None:
    password = "  pass wörd with blanks \t"

    shell.run("user", "create", "ada@example.com", "--password-stdin", typed=f"{password}{end}")

    assert shell.opens("ada@example.com", password)


def test_users_are_listed_the_oldest_first(shell: Shell, tools: MemoryTools) -> None:
    for email in ("zoe@example.com", "al@example.com"):
        shell.create(email, PASSWORD)
        tools.clock.turn(timedelta(days=1))
    zoe, al = (user.id for user in shell.users())

    assert shell.run("user", "list").stdout == (
        f"zoe@example.com  {zoe}  since 2026-11-24\nal@example.com   {al}  since 2026-11-25\n"
    )
    listed = json.loads(shell.run("user", "list", "--json").stdout)
    assert [(user["id"], user["email"]) for user in listed] == [(zoe, "zoe@example.com"), (al, "al@example.com")]


def test_a_list_of_nobody_is_empty(shell: Shell) -> None:
    nobody = shell.run("user", "list")

    assert (nobody.exit_code, nobody.output) == (0, "")
    assert json.loads(shell.run("user", "list", "--json").stdout) == []


@pytest.mark.parametrize("by", ["address", "shouted address", "id"])
def test_a_new_password_ends_every_session_of_that_user(shell: Shell, by: str) -> None:
    shell.create("ada@example.com", PASSWORD)
    shell.create("bob@example.com", PASSWORD)
    laptop, phone = shell.session_of("ada@example.com"), shell.session_of("ada@example.com")
    bobs = shell.session_of("bob@example.com")
    named = {"address": "ada@example.com", "shouted address": "ADA@EXAMPLE.COM", "id": laptop.user}[by]

    done = shell.run("user", "set-password", named, "--password-stdin", typed=OTHER_PASSWORD)

    assert (done.exit_code, done.stdout) == (0, f"{named} has a new password, and is signed out everywhere\n")
    assert (shell.is_live(laptop), shell.is_live(phone), shell.is_live(bobs)) == (False, False, True)
    assert shell.opens("ada@example.com", OTHER_PASSWORD)
    assert not shell.opens("ada@example.com", PASSWORD)
    assert shell.opens("bob@example.com", PASSWORD)


@pytest.mark.parametrize("by", ["address", "id"])
def test_a_deleted_user_is_gone_with_their_sessions(shell: Shell, by: str) -> None:
    shell.create("ada@example.com", PASSWORD)
    shell.create("bob@example.com", PASSWORD)
    begun = shell.session_of("ada@example.com")

    done = shell.run("user", "delete", "Ada@example.com" if by == "address" else begun.user, "--yes")

    assert (done.exit_code, done.stdout) == (0, "ada@example.com is deleted\n")
    assert not shell.is_live(begun)
    assert [user.email for user in shell.users()] == ["bob@example.com"]


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        (["create", "new@example.com"], "use --password-stdin"),
        (["set-password", "ada@example.com"], "use --password-stdin"),
        (["delete", "ada@example.com"], "use --yes"),
    ],
)
def test_where_nobody_can_be_asked_a_script_is_told_what_to_say(
    shell: Shell, arguments: list[str], way_out: str
) -> None:
    shell.create("ada@example.com", PASSWORD)

    refused = shell.run("user", *arguments, typed="y\n" * 3)

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("todo: there is no terminal to ask for ")
    assert refused.stderr.endswith(f": {way_out}\n")
    assert [user.email for user in shell.users()] == ["ada@example.com"]
    assert shell.opens("ada@example.com", PASSWORD)


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("iloveyou", "the password is too common: many people have it, and it would be guessed early"),
        ("lovelace1", "the password is too easy to guess: it is the e-mail address"),
        ("todotodo", "the password is too easy to guess: it is the name of the service"),
        ("12345678", "the password is too easy to guess: it is made of characters in a row"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused_where_such_are(
    shell: Shell, tools: MemoryTools, password: str, told: str
) -> None:
    choice = PasswordChoice({"iloveyou"})
    tools.accounts = Administration(store=tools.store, hasher=tools.hasher, clock=tools.clock, choice=choice)
    shell.create("lovelace@example.com", PASSWORD)

    changed = shell.run("user", "set-password", "lovelace@example.com", "--password-stdin", typed=password)
    made = shell.create("bob@example.com" if "lovelace" not in password else "lovelace@else.example.com", password)

    assert (changed.exit_code, changed.stderr) == (65, f"todo: {told}\n")
    assert (made.exit_code, made.stderr) == (65, f"todo: {told}\n")
    assert shell.opens("lovelace@example.com", PASSWORD)
