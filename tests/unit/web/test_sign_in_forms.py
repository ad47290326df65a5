import re

import httpx
import pytest

from tests.unit.http.service import COOKIE, PASSWORD, Service, SignedUp
from tests.unit.web.conftest import HTML

EMAIL = "ada@example.com"
FOREIGN = {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"}


def field(answer: httpx.Response, name: str) -> str:
    """The value that a field of a form shows, as HTML has it."""
    found = re.search(rf'<input[^>]* name="{name}"[^>]*>', answer.text)
    assert found, answer.text
    value = re.search(r' value="([^"]*)"', found[0])
    return value[1] if value else ""


async def is_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/tasks")).status_code == 200


class TestSigningUp:
    async def test_signs_in_and_leads_to_the_tasks(self, browser: httpx.AsyncClient) -> None:
        answer = await browser.post("/signup", data={"email": EMAIL, "password": PASSWORD})

        assert (answer.status_code, answer.headers["location"]) == (303, "/tasks")
        assert re.match(
            rf"{COOKIE}=eyJ.*; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax$", answer.headers["set-cookie"]
        )
        assert "set-auth-token" not in answer.headers
        assert await is_in(browser)

    @pytest.mark.parametrize(
        ("email", "password", "status", "words", "about"),
        [
            ("", PASSWORD, 400, "Enter an email address", "email"),
            ("nobody", PASSWORD, 400, "Enter an email address", "email"),
            (EMAIL, "short", 400, "at least 8 characters", "password"),
            (EMAIL, "x" * 129, 400, "at most 128 characters", "password"),
        ],
    )
    async def test_tells_what_is_wrong_and_keeps_the_address(
        self, browser: httpx.AsyncClient, email: str, password: str, status: int, words: str, about: str
    ) -> None:
        answer = await browser.post("/signup", data={"email": email, "password": password})

        assert answer.status_code == status
        assert re.search(rf'<a href="#signup-{about}">[^<]*{words}', answer.text)
        assert "<title>Error: Sign Up" in answer.text
        assert field(answer, "email") == email
        assert field(answer, "password") == ""
        assert not await is_in(browser)

    async def test_tells_that_an_address_is_taken(self, browser: httpx.AsyncClient, ada: SignedUp) -> None:
        answer = await browser.post("/signup", data={"email": ada.email, "password": PASSWORD})

        assert answer.status_code == 422
        assert "User already exists. Use another email." in answer.text

    async def test_can_be_closed(self) -> None:
        async with Service(signup_open=False) as service:
            page = await service.client.get("/signup", headers=HTML)
            answer = await service.client.post("/signup", data={"email": EMAIL, "password": PASSWORD}, headers=HTML)
            login = await service.client.get("/login", headers=HTML)

            assert "<form" not in page.text
            assert "Nobody can sign up here" in page.text
            assert answer.status_code == 400
            assert "/signup" not in login.text

    async def test_says_to_look_at_ones_mail_where_addresses_are_verified_first(self) -> None:
        async with Service(require_email_verification=True) as service:
            answer = await service.client.post("/signup", data={"email": EMAIL, "password": PASSWORD}, headers=HTML)
            page = await service.client.get(answer.headers["location"], headers=HTML)

            assert answer.status_code == 303
            assert "<h1>Check your mail</h1>" in page.text
            assert "set-cookie" not in answer.headers
            assert service.mail.take().to == EMAIL

    async def test_the_link_of_the_letter_leads_to_logging_in_and_says_how_it_went(self) -> None:
        async with Service(require_email_verification=True) as service:
            await service.client.post("/signup", data={"email": EMAIL, "password": PASSWORD, "next": "/account"})
            letter = service.mail.take()
            for token, words in (
                (letter.token, "Your address is verified. You can log in now."),
                ("x.y.z", "That link has been used, or is too old."),
            ):
                query = {"token": token, "callbackURL": letter.callback}
                link = await service.client.get("/api/auth/verify-email", params=query)
                page = await service.client.get(link.headers["location"], headers=HTML)
                assert words in page.text
                assert field(page, "next") == "/account"


class TestLoggingIn:
    async def test_leads_to_where_one_was_going(self, browser: httpx.AsyncClient, ada: SignedUp) -> None:
        shut = await browser.get("/tasks?show=open")
        page = await browser.get(shut.headers["location"])
        form = {"email": ada.email, "password": PASSWORD, "next": field(page, "next")}
        answer = await browser.post("/login", data=form)

        assert shut.headers["location"] == "/login?next=%2Ftasks%3Fshow%3Dopen"
        assert (answer.status_code, answer.headers["location"]) == (303, "/tasks?show=open")
        assert await is_in(browser)

    @pytest.mark.parametrize("place", ["//evil.example.com", "https://evil.example.com", "/\\evil.example.com", "x"])
    async def test_leads_nowhere_else(self, browser: httpx.AsyncClient, ada: SignedUp, place: str) -> None:
        page = await browser.get("/login", params={"next": place})
        answer = await browser.post("/login", data={"email": ada.email, "password": PASSWORD, "next": place})
        again = await browser.get("/login", params={"next": place})

        assert field(page, "next") == "/tasks"
        assert answer.headers["location"] == "/tasks"
        assert (again.status_code, again.headers["location"]) == (303, "/tasks")

    async def test_says_the_same_of_an_unknown_address_and_a_wrong_password(
        self, browser: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        pages = []
        for email in (ada.email, "else@example.com"):
            answer = await browser.post("/login", data={"email": email, "password": "not this one"})
            assert answer.status_code == 401
            assert field(answer, "email") == email
            assert field(answer, "password") == ""
            pages.append(answer.text.replace(email, ""))

        assert "Invalid email or password" in pages[0]
        assert pages[0] == pages[1]

    async def test_shows_our_own_messages_only(self, browser: httpx.AsyncClient) -> None:
        ours = "Session expired. Please log in again."
        for given, shown in (
            (ours, ours),
            ("session-expired", ours),
            ("account-deleted", "Your account and everything in it has been deleted."),
            ("Call 555-0100 to unlock your account", ""),
            ("<img src=x onerror=alert(1)>", ""),
            ("session expired. please log in again.", ""),
        ):
            page = await browser.get("/login", params={"message": given})
            assert re.findall(r'<p class="notice" role="status">([^<]*)</p>', page.text) == ([shown] if shown else [])
            assert shown or given not in page.text

    async def test_who_is_signed_in_already_goes_on(self, browser: httpx.AsyncClient, ada: SignedUp) -> None:
        for path in ("/login", "/signup"):
            answer = await browser.get(path, params={"next": "/account"}, headers=ada.cookie)
            assert (answer.status_code, answer.headers["location"]) == (303, "/account")

        assert (await browser.get("/login?again&next=/account", headers=ada.cookie)).status_code == 200

    async def test_a_session_that_is_over_is_told(
        self, service: Service, browser: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        await service.client.post("/api/auth/logout", headers=ada.cookie)
        answer = await browser.get("/account", headers=ada.cookie)
        page = await browser.get(answer.headers["location"])

        assert "Session expired. Please log in again." in page.text
        assert field(page, "next") == "/account"


class TestLoggingOut:
    async def test_ends_the_session_and_leads_to_logging_in(self, browser: httpx.AsyncClient) -> None:
        await browser.post("/signup", data={"email": EMAIL, "password": PASSWORD})
        token = browser.cookies[COOKIE]
        answer = await browser.post("/logout")
        again = await browser.get("/tasks", headers={"Cookie": f"{COOKIE}={token}"})

        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert COOKIE not in browser.cookies
        assert again.status_code == 303


class TestForms:
    @pytest.mark.parametrize("path", ["/login", "/signup", "/logout", "/tasks", "/tasks/1/delete", "/account/delete"])
    async def test_of_other_sites_are_refused(self, browser: httpx.AsyncClient, ada: SignedUp, path: str) -> None:
        answer = await browser.post(path, data={"email": EMAIL}, headers=ada.cookie | FOREIGN)

        assert answer.status_code == 403
        assert "<h1>Not from here</h1>" in answer.text
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize(
        ("content", "kind", "status"),
        [
            (b'{"email":"ada@example.com"}', "application/json", 415),
            (b"email=a", "text/plain", 415),
            (b"email=%ff%fe&password=12345678", "application/x-www-form-urlencoded", 400),
            (b"\xff=1", "application/x-www-form-urlencoded", 400),
            (b"&".join(b"a=1" for _ in range(60)), "application/x-www-form-urlencoded", 400),
            (b"a=" + b"x" * 9_000, "application/x-www-form-urlencoded", 413),
        ],
    )
    async def test_that_are_none_are_refused(
        self, browser: httpx.AsyncClient, content: bytes, kind: str, status: int
    ) -> None:
        answer = await browser.post("/signup", content=content, headers={"Content-Type": kind})

        assert answer.status_code == status
        assert "<h1>" in answer.text


class TestForgottenPasswords:
    async def test_a_letter_leads_to_a_page_to_choose_a_new_one(
        self, service: Service, browser: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        asked = await browser.post("/forgot-password", data={"email": ada.email})
        letter = service.mail.take()
        link = await browser.get(f"/api/auth/reset-password/{letter.token}", params={"callbackURL": letter.callback})
        page = await browser.get(link.headers["location"])
        form = {"token": field(page, "token"), "password": "another battery"}
        chosen = await browser.post("/reset-password", data=form)
        login = await browser.get(chosen.headers["location"])
        again = await browser.post("/reset-password", data=form)

        assert (asked.status_code, asked.headers["location"]) == (303, "/forgot-password?sent")
        assert chosen.status_code == 303
        assert "Your password has been changed." in login.text
        assert await service.can_sign_in(ada, "another battery")
        assert not await service.is_signed_in(ada)
        assert again.status_code == 400
        assert "This link is of no use any more" in again.text

    async def test_an_unknown_address_gets_the_same_answer_and_no_letter(
        self, service: Service, browser: httpx.AsyncClient
    ) -> None:
        answer = await browser.post("/forgot-password", data={"email": EMAIL})

        assert (answer.status_code, answer.headers["location"]) == (303, "/forgot-password?sent")
        assert service.mail.letters == []

    async def test_a_short_new_password_leaves_the_link_good(
        self, service: Service, browser: httpx.AsyncClient, ada: SignedUp
    ) -> None:
        token = await service.reset_token(ada)
        answer = await browser.post("/reset-password", data={"token": token, "password": "short"})

        assert answer.status_code == 400
        assert "at least 8 characters" in answer.text
        assert field(answer, "token") == token

    async def test_a_link_that_is_not_whole_says_so(self, browser: httpx.AsyncClient) -> None:
        for path in ("/reset-password", "/reset-password?error=INVALID_TOKEN"):
            page = await browser.get(path)
            assert page.status_code == 400
            assert "<form" not in page.text

    async def test_without_mail_nothing_is_offered(self) -> None:
        async with Service(mail=False) as service:
            login = await service.client.get("/login", headers=HTML)
            page = await service.client.get("/forgot-password", headers=HTML)
            answer = await service.client.post("/forgot-password", data={"email": EMAIL}, headers=HTML)

            assert "/forgot-password" not in login.text
            assert "<form" not in page.text
            assert answer.status_code == 400
