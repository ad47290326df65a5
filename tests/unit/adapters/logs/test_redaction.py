import pytest

from todo.adapters.logs.redaction import GONE, Redaction

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfYWRhIn0.Kx4fGZ9o2mV0C3b8wQ7sPz1tYh5nRj6uLk0dEa9iXcM"
SIGNED = "gRzRslJgjyBEfKWmzCpY7Avt1bszG1DE.q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng="
KEY = "7d0f6a52c1e84b39a6f1d2035c9be8470b1f3a6d5e2c4798a0d1b2c3e4f50617"
CANARY = "canary-7391"


class TestByTheName:
    @pytest.mark.parametrize(
        "name",
        ["password", "newPassword", "current_password", "pwd", "Authorization", "cookie", "set-cookie", "token"],
    )
    def test_it_is_gone(self, name: str) -> None:
        assert Redaction().fields({name: CANARY}) == {name: GONE}
        assert Redaction().fields({"about": {name: CANARY}}) == {"about": {name: GONE}}
        assert Redaction().fields({"about": [{name: [CANARY]}]}) == {"about": [{name: GONE}]}

    @pytest.mark.parametrize(
        "name", ["set-auth-token", "secret", "BETTER_AUTH_SECRET", "dsn", "api_key", "apiKey", "credentials"]
    )
    def test_so_it_is_under_other_names(self, name: str) -> None:
        assert Redaction().fields({name: CANARY}) == {name: GONE}

    def test_what_is_none_stays(self) -> None:
        fields = {"event": "token_refused", "status": 401, "route": "/api/auth/token", "ok": True, "user_id": None}

        assert Redaction().fields(fields) == fields


class TestByTheLook:
    @pytest.mark.parametrize(
        "text",
        [
            f"Bearer {JWT}",
            JWT.rpartition(".")[0],
            f"/verify-email?token={JWT}&callbackURL=/",
            f"better-auth.session_token={SIGNED}; Path=/",
            SIGNED.replace("=", "%3D"),
            f"Authorization: Basic {CANARY}",
            f"Cookie: a={CANARY}; b={CANARY}",
            f"{{'cookie': '{CANARY}', 'x': 1}}",
            f"postgresql://todo:{CANARY}@db.example.com/todo",
            f"smtp://ada:{CANARY}@mail.example.com",
            f"password={CANARY}",
            f'"password": "{CANARY} with words"',
            f"newPassword='{CANARY}'",
            f"BETTER_AUTH_SECRET={CANARY}",
            f"connect(dsn={CANARY})",
        ],
    )
    def test_it_is_gone(self, text: str) -> None:
        told = Redaction().text(f"it failed: {text}")

        assert GONE in told
        assert told.startswith("it failed: ")
        for secret in (CANARY, JWT, JWT.split(".")[1], SIGNED[:32]):
            assert secret not in told

    def test_who_is_meant_stays(self) -> None:
        told = Redaction().text(f"cannot reach postgresql://todo:{CANARY}@db.example.com:5432/todo")

        assert told == f"cannot reach postgresql://todo:{GONE}@db.example.com:5432/todo"

    @pytest.mark.parametrize(
        "text",
        [
            "an unexpected error: RuntimeError",
            "the database is away: connection refused at 127.0.0.1:5432",
            "https://todo.example.com/tasks",
            "todo.adapters.postgres.repositories_of_tasks.PostgresTasks",
            "3 requests were cut off",
            "usr_ka6490ukh84lvczw5h09uwu7",
        ],
    )
    def test_ordinary_words_stay(self, text: str) -> None:
        assert Redaction().text(text) == text

    def test_our_own_secrets_are_gone_wherever_they_stand(self) -> None:
        assert KEY not in str(Redaction([KEY]).fields({"event": f"x{KEY}x", "about": [f"<{KEY}>"]}))

    def test_other_kinds_of_things_are_looked_at_as_text(self) -> None:
        assert CANARY not in str(Redaction().fields({"error": ValueError(f"password={CANARY}")}))
