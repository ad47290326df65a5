import re
from datetime import timedelta

import httpx
import pytest

from tests.unit.http.service import COOKIE, PASSWORD, Service, SignedUp

NEW = "another battery"


@pytest.fixture
async def ada_in(service: Service, browser: httpx.AsyncClient) -> SignedUp:
    """Somebody whose browser is signed in."""
    email = service.new_email()
    answer = await browser.post("/api/auth/signup", json={"email": email, "password": PASSWORD})
    return SignedUp(id=answer.json()["user"]["id"], email=email, token=browser.cookies[COOKIE])


class TestTheName:
    async def test_is_changed(self, browser: httpx.AsyncClient, service: Service, ada_in: SignedUp) -> None:
        answer = await browser.post("/account/name", data={"name": "  Ada <L> "})
        page = await browser.get(answer.headers["location"])

        assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=name")
        assert (await service.user(ada_in)).name == "Ada <L>"
        assert 'value="Ada &lt;L&gt;"' in page.text
        assert "Your name has been saved." in page.text

    @pytest.mark.parametrize(("name", "words"), [("x" * 256, "at most 255 characters"), ("a\0", "cannot be kept")])
    async def test_that_cannot_be_is_told(
        self, browser: httpx.AsyncClient, service: Service, ada_in: SignedUp, name: str, words: str
    ) -> None:
        before = await service.user(ada_in)
        answer = await browser.post("/account/name", data={"name": name})

        assert answer.status_code == 400
        assert words in answer.text
        assert await service.user(ada_in) == before


class TestThePassword:
    async def test_is_changed_and_ends_the_other_sessions(
        self, browser: httpx.AsyncClient, service: Service, ada_in: SignedUp
    ) -> None:
        other = await service.logged_in(ada_in)
        answer = await browser.post("/account/password", data={"current": PASSWORD, "password": NEW})

        assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=password")
        assert await service.can_sign_in(ada_in, NEW)
        assert not await service.is_signed_in(other)
        assert not await service.is_signed_in(ada_in)
        assert (await browser.get("/account")).status_code == 200

    @pytest.mark.parametrize(
        ("current", "new", "words", "about"),
        [
            ("not this one", NEW, "That is not your password.", "current"),
            (PASSWORD, "short", "at least 8 characters", "password"),
            ("", NEW, "That is not your password.", "current"),
        ],
    )
    async def test_stays_when_something_is_wrong(
        self,
        browser: httpx.AsyncClient,
        service: Service,
        ada_in: SignedUp,
        current: str,
        new: str,
        words: str,
        about: str,
    ) -> None:
        answer = await browser.post("/account/password", data={"current": current, "password": new})

        assert answer.status_code == 400
        assert re.search(rf'<a href="#password-{about}">[^<]*{words}', answer.text)
        assert await service.can_sign_in(ada_in)


class TestSessions:
    async def test_are_listed_with_device_and_last_use(
        self, browser: httpx.AsyncClient, service: Service, ada_in: SignedUp
    ) -> None:
        await service.client.post(
            "/api/auth/login",
            json={"email": ada_in.email, "password": PASSWORD},
            headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"},
        )
        text = (await browser.get("/account")).text

        assert len(re.findall(r'action="/account/session"', text)) == 2
        assert "Firefox on Linux" in text
        assert text.count("this device") == 1
        assert "last used <time" in text
        assert "24 November 2026" in text

    async def test_can_be_ended_one_by_one(
        self, browser: httpx.AsyncClient, service: Service, ada_in: SignedUp
    ) -> None:
        other = await service.logged_in(ada_in)
        text = (await browser.get("/account")).text
        (handle,) = re.findall(r'data-this="no">\s*<input type="hidden" name="session" value="(\w+)"', text)
        answer = await browser.post("/account/session", data={"session": handle})

        assert answer.headers["location"] == "/account?done=session"
        assert not await service.is_signed_in(other)
        assert await service.is_signed_in(ada_in)

    async def test_can_be_ended_all_but_this(
        self, browser: httpx.AsyncClient, service: Service, ada_in: SignedUp
    ) -> None:
        assert "End all others" not in (await browser.get("/account")).text

        others = [await service.logged_in(ada_in) for _ in range(2)]
        page = await browser.get("/account")
        answer = await browser.post("/account/sessions")

        assert "End all others" in page.text
        assert answer.headers["location"] == "/account?done=sessions"
        assert [await service.is_signed_in(other) for other in others] == [False, False]
        assert await service.is_signed_in(ada_in)

    async def test_ending_this_one_is_logging_out(self, browser: httpx.AsyncClient, ada_in: SignedUp) -> None:
        text = (await browser.get("/account")).text
        (handle,) = re.findall(r'data-this="yes">\s*<input type="hidden" name="session" value="(\w+)"', text)
        answer = await browser.post("/account/session", data={"session": handle})

        assert answer.headers["location"] == "/login"
        assert COOKIE not in browser.cookies

    async def test_of_others_are_left_alone(
        self, browser: httpx.AsyncClient, service: Service, ada_in: SignedUp, bob: SignedUp
    ) -> None:
        handle = (await service.client.get("/api/auth/get-session", headers=bob.cookie)).json()["session"]["token"]
        answer = await browser.post("/account/session", data={"session": handle})

        assert answer.status_code == 303
        assert await service.is_signed_in(bob)

    async def test_are_shown_to_who_has_just_logged_in(
        self, browser: httpx.AsyncClient, service: Service, ada_in: SignedUp
    ) -> None:
        service.clock.turn(timedelta(days=1, minutes=1))
        text = (await browser.get("/account")).text

        assert "/account/session" not in text
        assert "/login?again&amp;next=/account" in text


class TestDeletingTheAccount:
    async def test_asks_for_the_password(self, browser: httpx.AsyncClient, service: Service, ada_in: SignedUp) -> None:
        for form in ({}, {"current": ""}, {"current": "not this one"}):
            answer = await browser.post("/account/delete", data=form)
            assert answer.status_code == 400
            assert '<a href="#delete-current">That is not your password.' in answer.text
        assert await service.can_sign_in(ada_in)

    async def test_takes_everything_along(self, browser: httpx.AsyncClient, service: Service, ada_in: SignedUp) -> None:
        answer = await browser.post("/account/delete", data={"current": PASSWORD})
        page = await browser.get(answer.headers["location"])

        assert "has been deleted" in page.text
        assert COOKIE not in browser.cookies
        assert not await service.can_sign_in(ada_in)
