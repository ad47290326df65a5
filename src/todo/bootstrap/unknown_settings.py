"""Settings that nobody reads, because their names are no names of ours."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from todo.bootstrap.doctor import Found, to_mend
from todo.config import Settings

OURS: Final = "TODO_"
OF_THE_TESTS: Final = "TODO_TEST_"
OF_FRONT_ENDS: Final = frozenset({"TODO_URL"})
"""The samples in `docs/clients.md` read it."""
ALIKE: Final = 0.75
"""As difflib counts: 0.75 finds `TODO_PROXIES` and `TODO_SMPT_URL`, and leaves `TODO_EDITOR` alone."""


class _Asked(Mapping[str, str]):
    """Holds nothing, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def known_settings() -> frozenset[str]:
    """Every name that `Settings.read` asks for."""
    asked = _Asked()
    Settings.read(asked)
    return frozenset(asked.names)


def about_unknown(environment: Collection[str], file: Collection[str]) -> Iterator[Found]:
    """What begins like a setting of ours in the environment of the process, or in `.env`, and is none."""
    known = known_settings()
    for name in sorted({*environment, *file}):
        if name.startswith(OURS) and not name.startswith(OF_THE_TESTS) and name not in known | OF_FRONT_ENDS:
            where = "" if name in environment else " (in .env)"
            meant = _meant(name, known)
            mend = f"is {meant} meant?" if meant else "take it away, or look up its name in .env.example"
            yield to_mend("settings", f"{name}{where} is no setting, and has no effect", mend)


def _meant(name: str, known: Collection[str]) -> str | None:
    if (bare := name.removeprefix(OURS)) in known:
        return bare
    return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=ALIKE)), None)
