import inspect
import re

import pytest

from todo.domain import errors
from todo.domain.errors import Busy, DomainError, StoreUnavailable, Unavailable

REFUSALS = {
    name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, DomainError)
}


def drawn() -> dict[str, str | None]:
    """Each refusal in the tree of the docstring, with the one it hangs from."""
    found: dict[str, str | None] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        branch = re.match(r"    ((?:│   |    )*(?:├── |└── )?)([A-Z]\w+(?: · [A-Z]\w+)*)(?:  .*)?$", line)
        if branch:
            depth = len(branch[1]) // 4
            path = path[:depth]
            for name in branch[2].split(" · "):
                found[name] = path[-1] if path else None
            path.append(branch[2].split(" · ")[-1])
    return found


def test_the_tree_shows_every_refusal_where_it_hangs() -> None:
    hangs_from = {name: None if kind is DomainError else kind.__bases__[0].__name__ for name, kind in REFUSALS.items()}

    assert drawn() == hangs_from


@pytest.mark.parametrize("name", REFUSALS)
def test_every_refusal_is_explained(name: str) -> None:
    assert REFUSALS[name].__doc__


@pytest.mark.parametrize("kind", [Unavailable, Busy, StoreUnavailable])
def test_what_cannot_be_done_now_says_when_to_ask_again(kind: type[Unavailable]) -> None:
    assert kind().retry_after > 0
