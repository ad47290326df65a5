"""What every store promises about sessions."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.builders import (
    ADA,
    BOB,
    LATER,
    NOON,
    a_session,
    a_user,
    keep,
)
from tests.contracts.samples import (
    EXACT,
    FAR_AHEAD,
    LONG_AGO,
    NOBODY,
    SMILE,
)
from todo.domain.errors import (
    UserNotFound,
)
from todo.domain.model.session import Device, Session, SessionHandle, SessionId
from todo.domain.model.user import UserId
from todo.domain.ports.store import Store


async def remove_sessions_of(store: Store, user: UserId, *, keep: SessionId | None = None) -> None:
    async with store.begin() as work:
        await work.remove_sessions_of(user, keep=keep)
        await work.commit()


class SessionContract:
    """Sessions, asked for with every request."""

    async def test_a_session_comes_back_as_it_was_kept(self, store: Store) -> None:
        devices = [
            Device(),
            Device(address="203.0.113.7", agent="curl/8.0"),
            Device(address="2001:db8::1", agent=f"Браузер {SMILE} " + "x" * 1000),
            Device(address="", agent=""),
        ]
        begun = replace(a_session(ADA), created_at=LONG_AGO, updated_at=EXACT, expires_at=FAR_AHEAD)
        sessions = [
            replace(begun, id=SessionId(f"{n}"), handle=SessionHandle(f"{n}"), device=device)
            for n, device in enumerate(devices)
        ]

        await keep(store, a_user(ADA), *sessions)

        assert [await store.sessions.find(session.id) for session in sessions] == sessions

    async def test_an_unknown_session_is_not_found(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_session(ADA))

        for unknown in ("", " ", "unknown", "%", "x" * 3000, SMILE, "{}", '"', "NULL", "a,b"):
            assert await store.sessions.find(SessionId(unknown)) is None

    async def test_a_session_is_not_found_by_its_handle(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session)

        assert await store.sessions.find(SessionId(session.handle)) is None

    async def test_a_session_is_found_after_its_end_too(self, store: Store) -> None:
        ended = a_session(ADA, at=LONG_AGO)
        await keep(store, a_user(ADA), ended)

        assert await store.sessions.find(ended.id) == ended

    async def test_an_unknown_user_cannot_have_a_session(self, store: Store) -> None:
        session = a_session(NOBODY)

        with pytest.raises(UserNotFound):
            await keep(store, session)

        assert await store.sessions.find(session.id) is None

    async def test_a_session_slides(self, store: Store) -> None:
        session = a_session(ADA, device=Device(address="203.0.113.7", agent="curl"))
        await keep(store, a_user(ADA), session)

        assert await store.sessions.slide(session.slide(at=LATER), expecting=session)

        assert await store.sessions.find(session.id) == session.slide(at=LATER)

    async def test_a_session_slides_again_and_again(self, store: Store) -> None:
        first = a_session(ADA)
        second, third = first.slide(at=LATER), first.slide(at=EXACT)
        await keep(store, a_user(ADA), first)

        assert await store.sessions.slide(second, expecting=first)
        assert await store.sessions.slide(third, expecting=second)

        assert await store.sessions.find(first.id) == third

    async def test_a_session_that_somebody_has_slid_first_is_left_alone(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session)
        await store.sessions.slide(session.slide(at=LATER), expecting=session)

        assert not await store.sessions.slide(session.slide(at=FAR_AHEAD), expecting=session)

        assert await store.sessions.find(session.id) == session.slide(at=LATER)

    async def test_sliding_one_session_leaves_the_others(self, store: Store) -> None:
        session, other = a_session(ADA), a_session(ADA)
        await keep(store, a_user(ADA), session, other)

        await store.sessions.slide(session.slide(at=LATER), expecting=session)

        assert await store.sessions.find(other.id) == other

    async def test_a_session_that_has_ended_does_not_come_back_by_sliding(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session)
        await store.sessions.remove(session.id)

        assert not await store.sessions.slide(session.slide(at=LATER), expecting=session)

        assert await store.sessions.find(session.id) is None

    async def test_of_two_who_slide_at_once_one_does(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session)

        outcomes = await asyncio.gather(
            *(store.sessions.slide(session.slide(at=LATER), expecting=session) for _ in range(2))
        )

        assert sorted(outcomes) == [False, True]

    async def test_a_removed_session_is_gone_and_the_others_are_not(self, store: Store) -> None:
        removed, other = a_session(ADA), a_session(ADA)
        await keep(store, a_user(ADA), removed, other)

        await store.sessions.remove(removed.id)

        assert await store.sessions.find(removed.id) is None
        assert await store.sessions.find(other.id) == other

    async def test_removing_a_session_that_is_gone_is_no_error(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session)

        for _ in range(2):
            await store.sessions.remove(session.id)

        assert await store.sessions.find(session.id) is None

    async def test_all_sessions_of_one_user_are_removed_and_nobody_elses(self, store: Store) -> None:
        mine, my_other, of_bob = a_session(ADA), a_session(ADA), a_session(BOB)
        await keep(store, a_user(ADA), a_user(BOB), mine, my_other, of_bob)

        await remove_sessions_of(store, ADA)

        assert await store.sessions.find(mine.id) is None
        assert await store.sessions.find(my_other.id) is None
        assert await store.sessions.find(of_bob.id) == of_bob

    async def test_all_sessions_of_one_user_but_one_are_removed(self, store: Store) -> None:
        mine, my_other, my_third, of_bob = a_session(ADA), a_session(ADA), a_session(ADA), a_session(BOB)
        await keep(store, a_user(ADA), a_user(BOB), mine, my_other, my_third, of_bob)

        await remove_sessions_of(store, ADA, keep=mine.id)

        assert list(await store.sessions.of(ADA)) == [mine]
        assert list(await store.sessions.of(BOB)) == [of_bob]

    async def test_one_that_is_not_the_users_keeps_nothing_of_theirs(self, store: Store) -> None:
        mine, of_bob = a_session(ADA), a_session(BOB)
        await keep(store, a_user(ADA), a_user(BOB), mine, of_bob)

        await remove_sessions_of(store, ADA, keep=of_bob.id)

        assert list(await store.sessions.of(ADA)) == []
        assert list(await store.sessions.of(BOB)) == [of_bob]

    async def test_the_sessions_of_a_user_come_the_oldest_first_and_with_those_that_are_over(
        self, store: Store
    ) -> None:
        young, over, middle = a_session(ADA, at=LATER), a_session(ADA, at=LONG_AGO), a_session(ADA, at=NOON)
        await keep(store, a_user(ADA), a_user(BOB), young, over, middle, a_session(BOB))

        assert list(await store.sessions.of(ADA)) == [over, middle, young]

    async def test_who_has_no_sessions_has_none(self, store: Store) -> None:
        await keep(store, a_user(ADA), a_user(BOB), a_session(BOB))

        assert list(await store.sessions.of(ADA)) == []
        assert list(await store.sessions.of(NOBODY)) == []

    async def test_a_session_is_found_by_its_handle(self, store: Store) -> None:
        session, other = a_session(ADA), a_session(BOB)
        await keep(store, a_user(ADA), a_user(BOB), session, other)

        assert await store.sessions.find_by_handle(session.handle) == session
        assert await store.sessions.find_by_handle(other.handle) == other

    async def test_a_removed_session_is_not_found_by_its_handle(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session)

        await store.sessions.remove(session.id)

        assert await store.sessions.find_by_handle(session.handle) is None

    async def test_nothing_else_is_a_handle(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session)

        for text in ("", "%", session.id, session.handle.swapcase(), session.handle[:-1], SMILE, "x" * 3000):
            assert await store.sessions.find_by_handle(SessionHandle(text)) is None

    @pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800"], ids=ascii)
    async def test_what_no_store_can_hold_is_no_handle(self, store: Store, text: str) -> None:
        assert await store.sessions.find_by_handle(SessionHandle(text)) is None

    async def test_removing_the_sessions_of_who_has_none_is_no_error(self, store: Store) -> None:
        for user in (ADA, NOBODY):
            await remove_sessions_of(store, user)

    async def test_a_session_begun_in_the_same_unit_of_work_outlives_the_removal_before_it(self, store: Store) -> None:
        former, fresh = a_session(ADA), a_session(ADA)
        await keep(store, a_user(ADA), former)

        async with store.begin() as work:
            await work.remove_sessions_of(ADA)
            await work.add_session(fresh)
            await work.commit()

        assert await store.sessions.find(former.id) is None
        assert await store.sessions.find(fresh.id) == fresh

    async def test_many_who_look_at_once_each_get_their_own_session(self, store: Store) -> None:
        users = [a_user(UserId(f"usr_{number}")) for number in range(10)]
        sessions = [a_session(user.id) for user in users for _ in range(5)]
        unknown = [SessionId(f"unknown {number}") for number in range(10)]
        await keep(store, *users, *sessions)
        ids = [session.id for session in sessions] * 2 + unknown

        found = await asyncio.gather(*(store.sessions.find(session) for session in ids))

        assert found == [*sessions, *sessions, *[None] * 10]

    async def test_who_looks_after_a_removal_does_not_find_what_others_are_still_looking_for(
        self, store: Store
    ) -> None:
        sessions = [a_session(ADA) for _ in range(20)]
        await keep(store, a_user(ADA), *sessions)

        after: list[Session | None] = []
        for session in sessions:
            crowd = [asyncio.ensure_future(store.sessions.find(session.id)) for _ in range(5)]
            await store.sessions.remove(session.id)
            crowd += [asyncio.ensure_future(store.sessions.find(session.id)) for _ in range(5)]
            after.append(await store.sessions.find(session.id))
            after += await asyncio.gather(*crowd[5:])
            await asyncio.gather(*crowd)

        assert after == [None] * len(after)

    async def test_who_looks_after_a_slide_finds_the_new_end(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session)

        seen = []
        for minute in range(1, 20):
            slid = session.slide(at=NOON + timedelta(minutes=minute))
            crowd = [asyncio.ensure_future(store.sessions.find(session.id)) for _ in range(5)]
            await store.sessions.slide(slid, expecting=session)
            seen.append(await store.sessions.find(session.id) == slid)
            await asyncio.gather(*crowd)
            session = slid

        assert all(seen)

    async def test_the_latest_sessions_come_those_extended_last_first(self, store: Store) -> None:
        old, young, slid = a_session(ADA, at=NOON), a_session(BOB, at=LATER), a_session(ADA, at=LONG_AGO)
        await keep(store, a_user(ADA), a_user(BOB), old, young, slid)
        extended = slid.slide(at=FAR_AHEAD)
        await store.sessions.slide(extended, expecting=slid)

        assert list(await store.sessions.latest(10)) == [extended, young, old]
        assert list(await store.sessions.latest(2)) == [extended, young]

    async def test_some_sessions_are_removed_whosesoever_until_none_is_left(self, store: Store) -> None:
        sessions = [a_session(user) for user in (ADA, BOB, ADA, BOB, ADA)]
        await keep(store, a_user(ADA), a_user(BOB), *sessions)

        removed = [await store.sessions.remove_some(2) for _ in range(4)]

        assert removed == [2, 2, 1, 0]
        assert [await store.sessions.find(session.id) for session in sessions] == [None] * 5


async def limit_sessions_of(store: Store, user: UserId, *, most: int, at: datetime = NOON) -> None:
    async with store.begin() as work:
        await work.limit_sessions_of(user, most=most, at=at)
        await work.commit()


class SessionLimitContract:
    """Sessions that make room for others."""

    async def test_one_session_is_removed_and_no_other(self, store: Store) -> None:
        sessions = [a_session(ADA) for _ in range(3)]
        await keep(store, a_user(ADA), *sessions)

        async with store.begin() as work:
            await work.remove_session(sessions[1].id)
            await work.remove_session(SessionId("unknown"))
            await work.commit()

        found = [await store.sessions.find(session.id) for session in sessions]
        assert found == [sessions[0], None, sessions[2]]

    async def test_a_session_that_was_not_committed_away_is_there(self, store: Store) -> None:
        session = a_session(ADA)
        await keep(store, a_user(ADA), session)

        async with store.begin() as work:
            await work.remove_session(session.id)

        assert await store.sessions.find(session.id) == session

    async def test_of_too_many_those_go_that_were_not_used_for_the_longest_time(self, store: Store) -> None:
        begun = [a_session(ADA, at=NOON + timedelta(minutes=minute)) for minute in range(5)]
        sessions = [begun[0].slide(at=LATER), *begun[1:]]
        others = a_session(BOB, at=LONG_AGO)
        await keep(store, a_user(ADA), a_user(BOB), *sessions, others)

        await limit_sessions_of(store, ADA, most=3)

        left = [session for session in sessions if await store.sessions.find(session.id)]
        assert left == [sessions[0], sessions[3], sessions[4]]
        assert await store.sessions.find(others.id) == others

    async def test_those_that_are_over_go_before_those_that_are_live(self, store: Store) -> None:
        live = a_session(ADA, at=NOON)
        over = a_session(ADA, at=NOON + timedelta(hours=2), remembered=False)
        await keep(store, a_user(ADA), live, over)

        await limit_sessions_of(store, ADA, most=1, at=over.expires_at)

        assert await store.sessions.find(live.id) == live
        assert await store.sessions.find(over.id) is None

    async def test_as_many_as_may_be_stay(self, store: Store) -> None:
        sessions = [a_session(ADA) for _ in range(3)]
        await keep(store, a_user(ADA), *sessions)

        await limit_sessions_of(store, ADA, most=3)

        assert len(await store.sessions.of(ADA)) == 3
