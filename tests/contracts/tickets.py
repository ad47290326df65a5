"""What every store promises about tickets."""

from dataclasses import replace

import pytest

from tests.builders import ADA, BOB, LATER, a_ticket, a_user, keep
from tests.contracts.samples import EXACT, FAR_AHEAD, LONG_AGO, NOBODY, SMILE, all_of
from todo.domain.errors import TicketInvalid, UserNotFound
from todo.domain.model.ticket import Ticket, TicketDigest
from todo.domain.ports.store import Store


async def take(store: Store, ticket: Ticket) -> Ticket:
    async with store.begin() as work:
        taken = await work.take_ticket(ticket.digest)
        await work.commit()
    return taken


class TicketContract:
    """What letters carry, to be handed in once."""

    async def test_a_ticket_comes_back_as_it_was_added(self, store: Store) -> None:
        tickets = [
            a_ticket(ADA),
            a_ticket(BOB, at=EXACT),
            replace(a_ticket(ADA), created_at=LONG_AGO, expires_at=FAR_AHEAD),
        ]

        await keep(store, a_user(ADA), a_user(BOB), *tickets)

        assert [await store.tickets.find(ticket.digest) for ticket in tickets] == tickets

    async def test_a_ticket_is_found_however_old(self, store: Store) -> None:
        old = a_ticket(ADA, at=LONG_AGO)

        await keep(store, a_user(ADA), old)

        assert await store.tickets.find(old.digest) == old

    async def test_a_ticket_may_be_looked_at_often(self, store: Store) -> None:
        ticket = a_ticket(ADA)
        await keep(store, a_user(ADA), ticket)

        assert [await store.tickets.find(ticket.digest) for _ in range(3)] == [ticket] * 3

    async def test_an_unknown_ticket_is_not_found(self, store: Store) -> None:
        ticket = a_ticket(ADA)
        await keep(store, a_user(ADA), ticket)

        for unknown in ("", "%", ticket.digest[:-1], ticket.digest.swapcase(), SMILE, "x" * 3000):
            assert await store.tickets.find(TicketDigest(unknown)) is None

    async def test_an_unknown_user_cannot_have_a_ticket(self, store: Store) -> None:
        ticket = a_ticket(NOBODY)

        with pytest.raises(UserNotFound):
            await keep(store, ticket)

        assert await store.tickets.find(ticket.digest) is None

    async def test_a_user_may_have_several(self, store: Store) -> None:
        first, second = a_ticket(ADA), a_ticket(ADA, at=LATER)

        await keep(store, a_user(ADA), first, second)

        assert [await store.tickets.find(ticket.digest) for ticket in (first, second)] == [first, second]

    async def test_a_ticket_is_taken_once(self, store: Store) -> None:
        ticket, other = a_ticket(ADA), a_ticket(ADA)
        await keep(store, a_user(ADA), ticket, other)

        assert await take(store, ticket) == ticket

        assert await store.tickets.find(ticket.digest) is None
        assert await store.tickets.find(other.digest) == other
        with pytest.raises(TicketInvalid):
            await take(store, ticket)

    async def test_an_unknown_ticket_cannot_be_taken(self, store: Store) -> None:
        with pytest.raises(TicketInvalid):
            await take(store, a_ticket(ADA))

    async def test_of_several_who_take_one_ticket_at_once_one_gets_it(self, store: Store) -> None:
        ticket = a_ticket(ADA)
        await keep(store, a_user(ADA), ticket)

        outcomes = await all_of([take(store, ticket) for _ in range(6)])

        assert outcomes.count(ticket) == 1
        assert sum(isinstance(outcome, TicketInvalid) for outcome in outcomes) == 5

    async def test_within_a_unit_of_work_too_a_ticket_is_taken_once(self, store: Store) -> None:
        ticket = a_ticket(ADA)
        await keep(store, a_user(ADA), ticket)

        async with store.begin() as work:
            await work.take_ticket(ticket.digest)
            with pytest.raises(TicketInvalid):
                await work.take_ticket(ticket.digest)
            await work.commit()

        assert await store.tickets.find(ticket.digest) is None

    async def test_a_ticket_that_was_taken_without_a_commit_is_there_again(self, store: Store) -> None:
        ticket = a_ticket(ADA)
        await keep(store, a_user(ADA), ticket)

        async with store.begin() as work:
            await work.take_ticket(ticket.digest)

        assert await take(store, ticket) == ticket

    async def test_a_ticket_that_was_added_without_a_commit_is_not_there(self, store: Store) -> None:
        ticket = a_ticket(ADA)
        await keep(store, a_user(ADA))

        async with store.begin() as work:
            await work.add_ticket(ticket)

        assert await store.tickets.find(ticket.digest) is None

    async def test_nobody_sees_a_ticket_before_it_is_committed_nor_misses_it(self, store: Store) -> None:
        old, new = a_ticket(ADA), a_ticket(ADA)
        await keep(store, a_user(ADA), old)

        async with store.begin() as work:
            await work.add_ticket(new)
            await work.take_ticket(old.digest)
            seen = [await store.tickets.find(old.digest), await store.tickets.find(new.digest)]
            await work.commit()

        assert seen == [old, None]
        assert await store.tickets.find(new.digest) == new

    async def test_what_a_unit_of_work_has_added_it_can_take(self, store: Store) -> None:
        ticket = a_ticket(ADA)

        async with store.begin() as work:
            await work.add_user(a_user(ADA))
            await work.add_ticket(ticket)
            taken = await work.take_ticket(ticket.digest)
            await work.commit()

        assert taken == ticket
        assert await store.tickets.find(ticket.digest) is None
