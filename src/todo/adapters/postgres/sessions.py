"""Sessions in PostgreSQL."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, Text, any_, bindparam, delete, select, update

from todo.adapters.postgres.query import Query, Runner
from todo.adapters.postgres.records import session_from
from todo.adapters.postgres.shared_lookup import SharedLookup
from todo.adapters.postgres.tables import sessions
from todo.domain.errors import CharacterForbidden
from todo.domain.model.session import Session, SessionHandle, SessionId
from todo.domain.model.text import require_storable
from todo.domain.model.user import UserId
from todo.domain.ports.store import SessionRepository

SEVERAL = Query(select(sessions).where(sessions.c.id == any_(bindparam("ids", type_=ARRAY(Text)))))
BY_HANDLE = Query(select(sessions).where(sessions.c.token == bindparam("handle")))
OF_USER = Query(
    select(sessions).where(sessions.c.userId == bindparam("user")).order_by(sessions.c.createdAt, sessions.c.id)
)
SLIDE = Query(
    update(sessions)
    .where(sessions.c.id == bindparam("session"), sessions.c.updatedAt == bindparam("expected"))
    .values(updatedAt=bindparam("at"), expiresAt=bindparam("expires"))
    .returning(sessions.c.id)
)
DELETE = Query(delete(sessions).where(sessions.c.id == bindparam("session")))
LATEST = Query(
    select(sessions)
    .order_by(sessions.c.updatedAt.desc(), sessions.c.id.desc())
    .limit(bindparam("at_most", type_=BigInteger))
)
DELETE_SOME = Query(
    delete(sessions)
    .where(sessions.c.id.in_(select(sessions.c.id).limit(bindparam("at_most", type_=BigInteger))))
    .returning(sessions.c.id)
)


class PostgresSessions(SessionRepository):
    """Every request asks for its session; those that wait at the same moment share one statement."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._lookup = SharedLookup(self._find_several)

    async def find(self, session: SessionId) -> Session | None:
        return await self._lookup.find(session)

    async def find_by_handle(self, handle: SessionHandle) -> Session | None:
        try:
            require_storable(handle)
        except CharacterForbidden:
            return None
        row = await BY_HANDLE.row(self._runner, handle=handle)
        return None if row is None else session_from(row)

    async def of(self, user: UserId) -> Sequence[Session]:
        return [session_from(row) for row in await OF_USER.rows(self._runner, user=user)]

    async def slide(self, session: Session, *, expecting: Session) -> bool:
        row = await SLIDE.row(
            self._runner,
            session=session.id,
            expected=expecting.updated_at,
            at=session.updated_at,
            expires=session.expires_at,
        )
        return row is not None

    async def remove(self, session: SessionId) -> None:
        await DELETE.row(self._runner, session=session)

    async def latest(self, at_most: int) -> Sequence[Session]:
        return [session_from(row) for row in await LATEST.rows(self._runner, at_most=at_most)]

    async def remove_some(self, at_most: int) -> int:
        return len(await DELETE_SOME.rows(self._runner, at_most=at_most))

    async def _find_several(self, ids: list[SessionId]) -> dict[SessionId, Session]:
        return {row["id"]: session_from(row) for row in await SEVERAL.rows(self._runner, ids=ids)}
