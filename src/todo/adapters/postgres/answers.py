"""Answers to writes that may be sent again, in PostgreSQL."""

from sqlalchemy import bindparam, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from todo.adapters.postgres.query import Query
from todo.adapters.postgres.tables import answers, users

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
