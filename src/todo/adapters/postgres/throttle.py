"""The throttle in PostgreSQL: one count for all workers."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ARRAY, TIMESTAMP, Integer, Interval, LargeBinary, bindparam, text

from todo.adapters.postgres.pool import Pool
from todo.adapters.postgres.query import Query
from todo.domain.errors import Busy, TooManyAttempts
from todo.domain.model.pace import Bucket
from todo.domain.ports.throttle import Throttle

PATIENCE = 5
"""Times that a charge is tried when others were faster in one of its buckets."""
SWEPT_EVERY = 500
"""Charges of this worker, before it throws away what has been paid for."""

KEYS = bindparam("keys", type_=ARRAY(LargeBinary))
AT = bindparam("at", type_=TIMESTAMP(timezone=True))

CHARGE = Query(
    text("""
        WITH asked AS (
            SELECT * FROM unnest(:keys, :everies, :bursts) AS asked (key, every, burst)
        ), refused AS (
            SELECT max(greatest(t.due, :at) + a.every - a.every * a.burst - :at) AS wait
            FROM asked a JOIN throttle t USING (key)
            WHERE greatest(t.due, :at) + a.every - a.every * a.burst > :at
        ), charged AS (
            INSERT INTO throttle AS t (key, due, every)
            SELECT a.key, :at + a.every, a.every FROM asked a, refused r WHERE r.wait IS NULL ORDER BY a.key
            ON CONFLICT (key) DO UPDATE SET due = greatest(t.due, :at) + excluded.every, every = excluded.every
            WHERE greatest(t.due, :at) + excluded.every - (
                SELECT a.every * a.burst FROM asked a WHERE a.key = excluded.key
            ) <= :at
            RETURNING t.key
        )
        SELECT (SELECT wait FROM refused) AS wait, ARRAY(SELECT key FROM charged) AS charged
    """).bindparams(
        KEYS,
        AT,
        bindparam("everies", type_=ARRAY(Interval)),
        bindparam("bursts", type_=ARRAY(Integer)),
    )
)
"""Written as it runs, to be read as it runs. Rows are locked in the order of their keys: nobody waits in a circle."""

GIVE_BACK = Query(
    text("""
        UPDATE throttle t
        SET due = CASE WHEN t.key = ANY (:filling) THEN '-infinity' ELSE t.due - t.every END
        FROM (SELECT key FROM throttle WHERE key = ANY (:keys) ORDER BY key FOR UPDATE) AS locked
        WHERE t.key = locked.key
    """).bindparams(KEYS, bindparam("filling", type_=ARRAY(LargeBinary)))
)
SWEEP = Query(
    text("""
        DELETE FROM throttle
        WHERE key IN (SELECT key FROM throttle WHERE due <= :at LIMIT 1000 FOR UPDATE SKIP LOCKED)
    """).bindparams(AT)
)


class PostgresThrottle(Throttle):
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._charges = 0

    async def charge(self, buckets: Sequence[Bucket], *, at: datetime) -> None:
        by_key = {bucket.name: bucket for bucket in buckets}
        for _ in range(PATIENCE):
            row = await CHARGE.row(
                self._pool,
                keys=list(by_key),
                everies=[bucket.pace.every for bucket in by_key.values()],
                bursts=[bucket.pace.burst for bucket in by_key.values()],
                at=at,
            )
            if row["wait"] is not None:
                raise TooManyAttempts(row["wait"])
            if len(row["charged"]) == len(by_key):
                await self._sweep_now_and_then(at)
                return
            # Others took the last of one bucket between the look at it and the charge.
            await self.give_back([by_key[key] for key in row["charged"]])
        raise Busy

    async def give_back(self, buckets: Sequence[Bucket], *, filling: Sequence[Bucket] = ()) -> None:
        filled = [bucket.name for bucket in filling]
        await GIVE_BACK.row(self._pool, keys=[*(bucket.name for bucket in buckets), *filled], filling=filled)

    async def _sweep_now_and_then(self, at: datetime) -> None:
        self._charges += 1
        if self._charges % SWEPT_EVERY == 0:
            await SWEEP.row(self._pool, at=at)
