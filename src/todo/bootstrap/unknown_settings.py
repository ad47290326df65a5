"""Settings that nobody reads, because their names are no names of ours."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from todo.bootstrap.doctor import Found, to_mend
from todo.config import Settings

OURS: Final = "TODO_"
OF_THE_TESTS: Final = "TODO_TEST_"
OF_FRONT_ENDS: Final = frozenset({"TODO_URL", "BETTER_AUTH_SECRETS"})
"""The samples in `docs/clients.md` read the one, Better Auth itself the other."""
ALIKE: Final = 0.75
"""As difflib counts: 0.75 finds `TODO_PROXIES` and `TODO_SMPT_URL`, and leaves `TODO_EDITOR` alone."""
NEARLY_THE_SAME: Final = 0.87
"""For names that do not begin like ours: finds `DATABSE_URL`, and leaves `BETTER_AUTH_BASE_URL` alone."""
LONG: Final = 8
"""Characters."""


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
    """What is taken for a setting in the environment of the process, or in `.env`, and is none.

    That is every name that begins like ours, and whatever else is a slip away from one. Other programs keep theirs.
    """
    known = known_settings()
    for name in sorted({*environment, *file} - known - OF_FRONT_ENDS):
        begins_like_ours = name.startswith(OURS)
        meant = _meant(name, known) if begins_like_ours else _slipped(name, known)
        if not (meant or begins_like_ours) or name.startswith(OF_THE_TESTS):
            continue
        where = "" if name in environment else " (in .env)"
        mend = f"is {meant} meant?" if meant else "take it away: no setting has a name like it"
        yield to_mend("settings", f"{name}{where} is no setting, and has no effect", mend)


def _meant(name: str, known: Collection[str]) -> str | None:
    if (bare := name.removeprefix(OURS)) in known:
        return bare
    return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=ALIKE)), None)


def _slipped(name: str, known: Collection[str]) -> str | None:
    """Of short names, such as `PORT`, too many others are near; and `DATABASE_URL_2` is a name by intent."""
    folded = {setting.casefold(): setting for setting in sorted(known) if len(setting) >= LONG}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=NEARLY_THE_SAME)
    return folded[near[0]] if near and not name.startswith(f"{folded[near[0]]}_") else None
