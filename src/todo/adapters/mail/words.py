"""What the letters say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from todo.domain.model.letter import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One kind of letter, in plain sentences. The templates lay them out, as text and as HTML."""

    subject: str
    happened: str
    next_step: str
    action: str
    """What the link does, as its name."""
    good_for: str
    if_not_you: str


WORDS: Final[Mapping[Purpose, Words]] = {
    Purpose.RESET_PASSWORD: Words(
        subject="Choose a new password for Todo",
        happened="We were asked to reset the password of your Todo account.",
        next_step="To choose a new password, open this link:",
        action="Choose a new password",
        good_for="The link is good for one hour, and works once.",
        if_not_you="If it was not you who asked, you need not do anything: your password stays as it is.",
    ),
    Purpose.VERIFY_EMAIL: Words(
        subject="Confirm your email address for Todo",
        happened="This email address belongs to a Todo account, and has not been confirmed yet.",
        next_step="To confirm that the address is yours, open this link:",
        action="Confirm my email address",
        good_for="The link is good for one hour.",
        if_not_you="If you have no Todo account, please do not open the link: "
        "somebody has probably typed your address by mistake.",
    ),
    Purpose.CHANGE_EMAIL: Words(
        subject="Confirm the new email address for Todo",
        happened="We were asked to change the email address of your Todo account.",
        next_step="To go on with the change, open this link:",
        action="Change the email address",
        good_for="The link is good for one hour.",
        if_not_you="If it was not you who asked, please do not open the link: without it nothing changes. "
        "If you have a Todo account, sign in and choose a new password, as somebody else may know the one you have.",
    ),
}
