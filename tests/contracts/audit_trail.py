"""What every audit trail promises."""

import pytest

from todo.domain.model.audit import AuditEvent, Happening
from todo.domain.model.session import SessionId
from todo.domain.model.user import Email, UserId
from todo.domain.ports.audit_trail import AuditTrail

ADDRESS = Email("ada@example.com")
SESSION = SessionId("tw5i5jcz5ow2ypxqo7zumvrvxh")


class AuditTrailContract:
    """Subclass it, and provide a `trail` fixture and `told`, which gives what was recorded, as text, by event."""

    def told(self) -> list[tuple[str, str]]:
        raise NotImplementedError

    @pytest.mark.parametrize("what", Happening)
    async def test_an_event_is_found_by_its_name(self, trail: AuditTrail, what: Happening) -> None:
        trail.record(AuditEvent(what=what, user=UserId("usr_ada"), session=SESSION, reason="a test"))

        ((name, text),) = self.told()
        assert name == what.value
        assert "usr_ada" in text
        assert "a test" in text

    async def test_they_stand_in_the_order_in_which_they_happened(self, trail: AuditTrail) -> None:
        for what in Happening:
            trail.record(AuditEvent(what=what))

        assert [name for name, _ in self.told()] == [what.value for what in Happening]

    async def test_a_session_can_be_known_again_and_not_be_used(self, trail: AuditTrail) -> None:
        trail.record(AuditEvent(what=Happening.SIGNED_OUT, session=SESSION))

        ((_, text),) = self.told()
        assert SESSION[:6] in text
        assert SESSION[:7] not in text

    async def test_an_address_can_be_known_again_and_not_be_read(self, trail: AuditTrail) -> None:
        for email in (ADDRESS, Email("bob@example.com"), Email("ada@EXAMPLE.com")):
            trail.record(AuditEvent(what=Happening.SIGN_IN_REFUSED, email=email))

        texts = [text for _, text in self.told()]
        assert texts[0] == texts[2] != texts[1]
        assert not any("ada" in text or "example" in text for text in texts)

    @pytest.mark.parametrize("odd", ["\r\nsignin_ok", "\x00", "\ud800", "x" * 10_000])
    async def test_it_does_not_fail(self, trail: AuditTrail, odd: str) -> None:
        trail.record(AuditEvent(what=Happening.TOKEN_REFUSED, user=UserId(odd), reason=odd))

        assert [name for name, _ in self.told()] == ["token_refused"]
