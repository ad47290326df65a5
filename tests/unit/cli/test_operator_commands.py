"""`todo sessions`, `maintenance`, `backup`, `restore` and `doctor`."""

import json

import pytest

from tests.builders import NOON, a_session, keep
from tests.contracts.leftovers import KEEPS
from tests.unit.cli.memory_tools import Diagnosed, MemoryTools, Noticed, Shell, run
from todo.domain.model.leftover import Leftover
from todo.domain.model.session import Device
from todo.domain.services.maintenance import GRACE
from todo.entrypoints.cli.tools import Level

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(shell: Shell) -> str:
    shell.create("ada@example.com", PASSWORD)
    return shell.users()[0].id


class TestSessions:
    def test_those_of_one_user_are_listed(self, shell: Shell, ada: str) -> None:
        shell.create("bob@example.com", PASSWORD)
        session = shell.session_of("ada@example.com")
        shell.session_of("bob@example.com")

        told = [
            shell.run("sessions", "list", "--json", *whose)
            for whose in (("--user", ada), ("--email", "ADA@example.com"))
        ]

        assert [json.loads(answer.stdout) for answer in told] == [
            [
                {
                    "user": ada,
                    "email": "ada@example.com",
                    "createdAt": NOON.isoformat(),
                    "expiresAt": session.expires_at.isoformat(),
                    "ipAddress": None,
                    "userAgent": "",
                }
            ]
        ] * 2

    def test_without_a_name_those_of_all_are_listed_and_no_more_than_asked_for(self, shell: Shell, ada: str) -> None:
        device = Device(address="203.0.113.7", agent="curl/8")
        run(keep(shell.tools.store, a_session(shell.users()[0].id, device=device)))
        shell.session_of("ada@example.com")

        told = shell.run("sessions", "list")

        assert f"{ada}  ada@example.com  until 2026-12-01 12:00  203.0.113.7  curl/8\n" in told.stdout
        assert len(told.stdout.splitlines()) == 2
        assert len(shell.run("sessions", "list", "--limit", "1").stdout.splitlines()) == 1

    def test_what_a_client_calls_itself_is_shown_and_not_obeyed(self, shell: Shell, ada: str) -> None:
        device = Device(address="203.0.113.7", agent="\x9b31mred\x9d0;title\x9c")
        run(keep(shell.tools.store, a_session(shell.users()[0].id, device=device)))

        told = shell.run("sessions", "list").stdout

        assert r"203.0.113.7  \x9b31mred\x9d0;title\x9c" in told
        assert told.isprintable() or told.rstrip("\n").isprintable()

    @pytest.mark.parametrize("whose", [(), ("--email", "ada@example.com")], ids=["of all", "of one"])
    def test_that_there_are_more_is_said_beside_the_list(self, shell: Shell, ada: str, whose: tuple[str, ...]) -> None:
        for _ in range(3):
            shell.session_of("ada@example.com")

        cut, cut_json, whole = (
            shell.run("sessions", "list", *whose, *more)
            for more in (("--limit", "2"), ("--limit", "2", "--json"), ("--limit", "3"))
        )

        line = "todo: there are more than the 2 shown: say --limit with a number up to 10,000\n"
        assert (len(cut.stdout.splitlines()), cut.stderr) == (2, line)
        assert (len(json.loads(cut_json.stdout)), cut_json.stderr) == (2, line)
        assert (len(whole.stdout.splitlines()), whole.stderr) == (3, "")

    def test_the_default_does_not_cut_in_silence(self, shell: Shell, ada: str) -> None:
        for _ in range(101):
            shell.session_of("ada@example.com")

        told = shell.run("sessions", "list")

        assert len(told.stdout.splitlines()) == 100
        assert told.stderr.startswith("todo: there are more than the 100 shown")

    def test_addresses_stand_below_each_other(self, shell: Shell, ada: str) -> None:
        shell.create("a.longer.address@example.com", PASSWORD)
        for email in ("ada@example.com", "a.longer.address@example.com"):
            shell.session_of(email)

        lines = shell.run("sessions", "list").stdout.splitlines()

        assert len({line.index("  until ") for line in lines}) == 1

    def test_where_nobody_is_signed_in_that_is_said(self, shell: Shell, ada: str) -> None:
        told = [shell.run("sessions", "list", *whose).stdout for whose in ((), ("--user", ada))]

        assert told == ["Nobody is signed in.\n"] * 2
        assert json.loads(shell.run("sessions", "list", "--json").stdout) == []

    def test_no_list_shows_what_a_session_could_be_taken_over_with(self, shell: Shell, ada: str) -> None:
        session = shell.session_of("ada@example.com")

        shown = shell.run("sessions", "list").stdout + shell.run("sessions", "list", "--json").stdout

        assert session.id not in shown
        assert session.handle not in shown

    def test_one_user_is_signed_out_and_nobody_else(self, shell: Shell, ada: str) -> None:
        shell.create("bob@example.com", PASSWORD)
        of_ada, of_bob = shell.session_of("ada@example.com"), shell.session_of("bob@example.com")

        told = shell.run("sessions", "end", "--user", ada)

        assert told.stdout == "ada@example.com is signed out everywhere\n"
        assert (shell.is_live(of_ada), shell.is_live(of_bob)) == (False, True)

    def test_everybody_is_signed_out(self, shell: Shell, ada: str) -> None:
        sessions = [shell.session_of("ada@example.com") for _ in range(3)]

        told = shell.run("sessions", "end", "--all", "--yes")

        assert told.stdout == "everybody is signed out (3 sessions)\n"
        assert not any(shell.is_live(session) for session in sessions)

    def test_nobody_is_signed_out_by_half_a_command(self, shell: Shell, ada: str) -> None:
        session = shell.session_of("ada@example.com")

        for arguments in ([], ["--all"], ["--user", ada, "--all"], ["--user", ada, "--email", "ada@example.com"]):
            assert shell.run("sessions", "end", *arguments).exit_code == 2

        assert shell.is_live(session)


class TestMaintenance:
    def test_what_is_over_is_cleared_away_and_counted(self, shell: Shell, tools: MemoryTools) -> None:
        for keeps in KEEPS.values():
            run(keeps(tools.store, NOON - GRACE))

        looked = shell.run("maintenance", "--dry-run")
        done = shell.run("maintenance", "--json")
        again = shell.run("maintenance")

        every = ", ".join(f"{kind} {{n}}" for kind in Leftover)
        assert looked.stdout == f"there is to clear away: {every.format(n=1)}\n"
        assert json.loads(done.stdout) == {"done": True, "cleared": dict.fromkeys(Leftover, 1)}
        assert again.stdout == f"cleared away: {every.format(n=0)}\n"


class TestBackups:
    def test_a_backup_tells_what_it_holds(self, shell: Shell, tools: MemoryTools) -> None:
        tools.backups.kept.left_out = ["table strange"]

        told = shell.run("backup", "kept.todo")

        assert told.stdout == "kept.todo holds user 1, tasks 1,234\nleft out: table strange\n"
        assert tools.backups.asked == [("save", "kept.todo", False)]

    def test_a_restoration_leaves_sessions_out_unless_asked(self, shell: Shell, tools: MemoryTools) -> None:
        told = shell.run("restore", "kept.todo")
        shell.run("restore", "kept.todo", "--with-sessions")

        assert told.stdout == "restored user 1, tasks 1,234\n"
        assert tools.backups.asked == [("restore", "kept.todo", False), ("restore", "kept.todo", True)]

    @pytest.mark.parametrize("command", ["backup", "restore"])
    def test_a_stream_is_no_file(self, shell: Shell, tools: MemoryTools, command: str) -> None:
        told = shell.run(command, "-")

        assert told.exit_code == 2
        assert "a backup is no stream" in told.stderr
        assert tools.backups.asked == []

    @pytest.mark.parametrize("command", ["backup", "restore"])
    def test_a_script_is_told_in_json_and_sees_no_bar(self, shell: Shell, command: str) -> None:
        told = shell.run(command, "kept.todo", "--json")

        assert json.loads(told.stdout) == {
            "rows": {"user": 1, "tasks": 1234},
            "left_out": [],
            "schema": "0002",
            "made_at": "2026-11-24T12:00:00+00:00",
        }
        assert told.stderr == ""


class TestDoctor:
    def test_each_finding_has_a_line_and_its_mend_another(self, shell: Shell, tools: MemoryTools) -> None:
        tools.diagnosis = Diagnosed(
            [Noticed(Level.GOOD, "database", "answers"), Noticed(Level.MEND, "tables", "are old", "todo db upgrade")], 1
        )

        told, told_as_json = shell.run("doctor"), shell.run("doctor", "--json")

        assert told.stdout.splitlines() == [
            "good  database    answers",
            "mend  tables      are old",
            "                  → todo db upgrade",
            "1 to mend",
        ]
        assert json.loads(told_as_json.stdout) == {
            "ok": False,
            "findings": [
                {"level": "good", "subject": "database", "text": "answers", "mend": ""},
                {"level": "mend", "subject": "tables", "text": "are old", "mend": "todo db upgrade"},
            ],
        }

    def test_who_is_well_hears_so(self, shell: Shell) -> None:
        told = shell.run("doctor")

        assert (told.exit_code, told.stdout.splitlines()[-1]) == (0, "all is well")

    @pytest.mark.parametrize("code", [1, 69, 78])
    def test_the_exit_code_is_that_of_the_diagnosis(self, shell: Shell, tools: MemoryTools, code: int) -> None:
        tools.diagnosis = Diagnosed([Noticed(Level.MEND, "it", "is broken", "mend it")], code)

        assert shell.run("doctor").exit_code == shell.run("doctor", "--json").exit_code == code
