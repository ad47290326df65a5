"""The networks that users have signed in from, in PostgreSQL."""

from datetime import datetime

from sqlalchemy import bindparam, select

from todo.adapters.postgres.query import Query, Runner
from todo.adapters.postgres.tables import known_networks
from todo.domain.model.pace import Pseudonym
from todo.domain.model.user import UserId
from todo.domain.ports.store import NetworkRepository

IS_KNOWN = Query(
    select(known_networks.c.network).where(
        known_networks.c.user_id == bindparam("user"),
        known_networks.c.network == bindparam("network"),
        known_networks.c.last_used_at >= bindparam("since"),
    )
)


class PostgresNetworks(NetworkRepository):
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def is_known(self, user: UserId, network: Pseudonym, *, since: datetime) -> bool:
        return await IS_KNOWN.row(self._runner, user=user, network=network, since=since) is not None
