"""Answers to writes that may be sent again, in PostgreSQL."""

from datetime import datetime

from sqlalchemy import bindparam, delete, func, literal_column, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from todo.adapters.postgres.query import Query, Runner
from todo.adapters.postgres.tables import answers, users
from todo.domain.ports.store import AnswerRepository

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

IS_OLD = answers.c.expires_at <= bindparam("over_by")
SOME_OLD = select(answers.c.user_id, answers.c.key).where(IS_OLD).limit(bindparam("at_most"))
SWEPT = (
    delete(answers)
    .where(tuple_(answers.c.user_id, answers.c.key).in_(SOME_OLD), IS_OLD)
    .returning(answers.c.user_id)
    .cte("swept")
)
SWEEP = Query(select(func.count().label("swept")).select_from(SWEPT))


class PostgresAnswers(AnswerRepository):
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def sweep(self, *, over_by: datetime, at_most: int = 1000) -> int:
        row = await SWEEP.row(self._runner, over_by=over_by, at_most=at_most)
        return int(row["swept"])
