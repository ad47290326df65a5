"""Answers to writes that may be sent again, in PostgreSQL."""

from sqlalchemy import BigInteger, bindparam, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from todo.adapters.postgres.headroom import Headroom, margin
from todo.adapters.postgres.query import Query, Runner
from todo.adapters.postgres.records import kept_answer_from
from todo.adapters.postgres.tables import answers, users
from todo.domain.errors import OwnerUnknown, TooManyAttempts
from todo.domain.model.retry import Answer, Attempt, KeptAnswer

IS_THE_ANSWER = (answers.c.user_id == bindparam("user")) & (answers.c.key == bindparam("key"))
CLAIMED = insert(answers).from_select(
    [answers.c.user_id, answers.c.key, answers.c.request, answers.c.expires_at],
    select(
        users.c.id,
        bindparam("key", type_=answers.c.key.type),
        bindparam("request", type_=answers.c.request.type),
        bindparam("expires_at", type_=answers.c.expires_at.type),
    )
    .where(users.c.id == bindparam("user"))
    .with_for_update(read=True, key_share=True),
)
CLAIM = Query(
    CLAIMED.on_conflict_do_update(
        index_elements=[answers.c.user_id, answers.c.key],
        set_={
            "request": CLAIMED.excluded.request,
            "status": literal_column("NULL"),
            "body": literal_column("NULL"),
            "expires_at": CLAIMED.excluded.expires_at,
        },
        where=answers.c.expires_at <= bindparam("at"),
    ).returning(answers.c.user_id)
)
"""Waits for whoever holds the key. Gives no row when the key has an answer, or when there is no such user."""

ANSWER = Query(select(answers.c.request, answers.c.status, answers.c.body).where(IS_THE_ANSWER))
KEEP = Query(
    update(answers)
    .where(IS_THE_ANSWER)
    .values(status=bindparam("status"), body=bindparam("body"))
    .returning(answers.c.user_id)
)

OTHERS_ALIVE = (
    (answers.c.user_id == bindparam("user"))
    & (answers.c.key != bindparam("key"))
    & (answers.c.expires_at > bindparam("at"))
)
SOME = select(answers.c.expires_at).where(OTHERS_ALIVE).limit(bindparam("at_most", type_=BigInteger)).subquery()
OTHERS = Query(select(func.count().label("count"), func.min(SOME.c.expires_at).label("first")).select_from(SOME))


class PostgresAnswers:
    """Within one transaction, that of the change that is answered."""

    def __init__(self, transaction: Runner, headroom: Headroom) -> None:
        self._transaction = transaction
        self._headroom = headroom

    async def claim(self, attempt: Attempt, *, at_most: int) -> KeptAnswer | None:
        values = {"user": attempt.by, "key": attempt.key}
        claimed = await CLAIM.row(
            self._transaction, request=attempt.request, at=attempt.at, expires_at=attempt.expires_at, **values
        )
        if claimed is not None:
            await self._require_room(attempt, at_most)
            return None
        answered = await ANSWER.row(self._transaction, **values)
        if answered is None:
            raise OwnerUnknown
        return kept_answer_from(answered)

    async def keep(self, attempt: Attempt, answer: Answer) -> None:
        await KEEP.row(self._transaction, user=attempt.by, key=attempt.key, status=answer.status, body=answer.body)

    async def _require_room(self, attempt: Attempt, at_most: int) -> None:
        """Counting takes time that grows with them, so far from the limit it is not done for each."""
        if self._headroom.take(attempt.by):
            return
        others = await OTHERS.row(self._transaction, user=attempt.by, key=attempt.key, at=attempt.at, at_most=at_most)
        if others["count"] >= at_most:
            raise TooManyAttempts(others["first"] - attempt.at)
        if others["count"] < at_most - margin(at_most):
            self._headroom.counted(attempt.by, quota=at_most)
