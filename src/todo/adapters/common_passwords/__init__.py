"""Common passwords, from a file that is read when the first password is chosen.

The entries are those of Django's list that could be passwords here. `scripts/vendor_common_passwords.py` has made it.
"""

import logging
from functools import cache
from pathlib import Path
from typing import Final

from todo.domain.errors import PasswordTooCommon
from todo.domain.ports.common_passwords import CommonPasswords

log = logging.getLogger("todo.passwords")

FILE: Final = Path(__file__).with_name("common-passwords.txt")


class ListedPasswords(CommonPasswords):
    def __contains__(self, folded: str) -> bool:
        return folded in _listed()


def tell_of_common_password(error: PasswordTooCommon) -> None:
    """Says in the log that somebody has chosen a password that is easy to guess. Neither which nor who."""
    log.warning("a password was accepted that is easy to guess: %s", type(error).__name__)


@cache
def _listed() -> frozenset[str]:
    """Takes 2 ms, once in a process."""
    return frozenset(FILE.read_text(encoding="utf-8").splitlines())
