"""From a credential to who is asking."""

from dataclasses import dataclass
from datetime import timedelta

from todo.domain.errors import SessionEnded
from todo.domain.model.principal import Claims, Principal
from todo.domain.model.session import Session, SessionHandle, SessionId
from todo.domain.model.user import UserId
from todo.domain.ports.clock import Clock
from todo.domain.ports.store import SessionRepository
from todo.domain.ports.tokens import Signatures, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A session that its own credential has ended."""

    user: UserId
    session: SessionId


class Authentication:
    """Reads tokens and issues them. A token of ours is worth nothing once its session is over.

    A session's signed handle, which is what Better Auth puts in its cookie, is taken as well: people who were signed
    in before a move stay signed in.
    """

    def __init__(
        self,
        *,
        tokens: Tokens,
        signatures: Signatures,
        sessions: SessionRepository,
        clock: Clock,
        longest: timedelta | None = None,
    ) -> None:
        """With `longest` no session is extended beyond that time after signing in."""
        self._tokens = tokens
        self._signatures = signatures
        self._sessions = sessions
        self._clock = clock
        self._longest = longest

    async def principal(self, credential: str) -> Principal:
        """Raises `TokenInvalid`, `TokenExpired`, `TokenWithoutSubject` or `SessionEnded`.

        A token minted by another holder of the secret names no session, and is good until it expires.
        """
        if credential.count(".") == 1:
            return await self._by_handle(credential)
        now = self._clock.now()
        claims = self._tokens.read(credential)
        claims.require_valid(at=now)
        if claims.session is None:
            return Principal(user=claims.subject, email=claims.email)
        session = await self._sessions.find(claims.session)
        if session is None:
            raise SessionEnded
        session.require_live(of=claims.subject, at=now)
        return Principal(user=claims.subject, session=session)

    async def _by_handle(self, signed: str) -> Principal:
        session = await self._sessions.find_by_handle(SessionHandle(self._signatures.verify(signed)))
        if session is None:
            raise SessionEnded
        session.require_live(of=session.user, at=self._clock.now())
        return Principal(user=session.user, session=session, by_handle=True)

    def token_for(self, session: Session) -> str:
        """A token that is good for as long as the session is, if nobody ends it."""
        return self._tokens.issue(Claims.of(session, at=self._clock.now()))

    async def renew(self, principal: Principal) -> tuple[Session, str] | None:
        """Extends a session that is due, and gives it with its next token; `None` when nothing is due.

        Who came with a handle gets a token at once.
        """
        session = principal.session
        now = self._clock.now()
        if session is None:
            return None
        if session.is_due_to_slide(at=now):
            slid = session.slide(at=now, longest=self._longest)
            if slid.expires_at > session.expires_at and await self._sessions.slide(slid, expecting=session):
                return slid, self.token_for(slid)
        return (session, self.token_for(session)) if principal.by_handle else None

    async def session_of(self, credential: str) -> SessionId | None:
        """The session that a credential names, one whose time is over too. Raises `TokenInvalid`."""
        named = await self._named_by(credential)
        return None if named is None else named.session

    async def end(self, credential: str) -> Ended | None:
        """Ends the session that a credential names, one whose time is over too. Raises `TokenInvalid`.

        `None` when it names none that could be ended.
        """
        named = await self._named_by(credential)
        if named is not None:
            await self._sessions.remove(named.session)
        return named

    async def _named_by(self, credential: str) -> Ended | None:
        if credential.count(".") == 1:
            session = await self._sessions.find_by_handle(SessionHandle(self._signatures.verify(credential)))
            return None if session is None else Ended(user=session.user, session=session.id)
        claims = self._tokens.read(credential)
        return None if claims.session is None else Ended(user=claims.subject, session=claims.session)
