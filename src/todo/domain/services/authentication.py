"""From a token to who is asking."""

from todo.domain.errors import SessionEnded
from todo.domain.model.principal import Claims, Principal
from todo.domain.model.session import Session
from todo.domain.ports.clock import Clock
from todo.domain.ports.store import SessionRepository
from todo.domain.ports.tokens import Tokens


class Authentication:
    """Reads tokens and issues them. A token of ours is worth nothing once its session is over."""

    def __init__(self, *, tokens: Tokens, sessions: SessionRepository, clock: Clock) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._clock = clock

    async def principal(self, token: str) -> Principal:
        """Raises `TokenInvalid`, `TokenExpired`, `TokenWithoutSubject` or `SessionEnded`.

        A token minted by another holder of the secret names no session, and is good until it expires.
        """
        now = self._clock.now()
        claims = self._tokens.read(token)
        claims.require_valid(at=now)
        if claims.session is None:
            return Principal(user=claims.subject, email=claims.email)
        session = await self._sessions.find(claims.session)
        if session is None:
            raise SessionEnded
        session.require_live(of=claims.subject, at=now)
        return Principal(user=claims.subject, session=session)

    def token_for(self, session: Session) -> str:
        """A token that is good for as long as the session is, if nobody ends it."""
        return self._tokens.issue(Claims.of(session, at=self._clock.now()))

    async def slide(self, principal: Principal) -> tuple[Session, str] | None:
        """Extends a session that is due, and gives it with its new token; `None` when nothing is due."""
        session = principal.session
        now = self._clock.now()
        if session is None or not session.is_due_to_slide(at=now):
            return None
        slid = session.slide(at=now)
        if not await self._sessions.slide(slid, expecting=session):
            return None
        return slid, self.token_for(slid)

    async def end(self, token: str) -> None:
        """Ends the session that a token names, an expired token too. Raises `TokenInvalid` for what is no token."""
        claims = self._tokens.read(token)
        if claims.session is not None:
            await self._sessions.remove(claims.session)
