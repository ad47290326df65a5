"""What every mailer promises that sends at all."""

import time

import pytest

from tests.mailboxes import Mailbox, a_letter, link_of
from todo.domain.model.letter import Purpose
from todo.domain.ports.mailer import Mailer

MANY = 50
A_MOMENT = 1.0
"""Seconds for many letters: far more than posting takes, far less than a mail server would."""


class MailerContract:
    """Subclass it, and provide a `mailer` fixture and the `mailbox` where its letters arrive."""

    async def test_it_sends(self, mailer: Mailer) -> None:
        assert mailer.enabled

    @pytest.mark.parametrize("purpose", Purpose)
    async def test_a_letter_arrives_once_with_its_link(
        self, mailer: Mailer, mailbox: Mailbox, purpose: Purpose
    ) -> None:
        letter = a_letter(purpose, to="ada+todo@example.com")

        mailer.post(letter)

        (arrival,) = await mailbox.arrivals()
        assert arrival.to == "ada+todo@example.com"
        assert link_of(letter) in arrival.text

    async def test_letters_arrive_in_the_order_in_which_they_are_posted(self, mailer: Mailer, mailbox: Mailbox) -> None:
        letters = [a_letter(to=f"person{number}@example.com", token=f"token{number}") for number in range(5)]

        for letter in letters:
            mailer.post(letter)

        arrivals = await mailbox.arrivals()
        assert [arrival.to for arrival in arrivals] == [letter.to for letter in letters]
        assert all(link_of(letter) in arrival.text for letter, arrival in zip(letters, arrivals, strict=True))

    async def test_the_same_letter_may_be_sent_again(self, mailer: Mailer, mailbox: Mailbox) -> None:
        mailer.post(a_letter())
        mailer.post(a_letter())

        assert len(await mailbox.arrivals()) == 2

    async def test_posting_takes_no_more_than_a_moment(self, mailer: Mailer, mailbox: Mailbox) -> None:
        begun = time.perf_counter()
        for number in range(MANY):
            mailer.post(a_letter(token=f"token{number}"))
        took = time.perf_counter() - begun

        assert took < A_MOMENT
        assert len(await mailbox.arrivals()) == MANY
