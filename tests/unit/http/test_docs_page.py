import gzip
import importlib.util
import re
import shutil
from collections.abc import AsyncIterator, Callable
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from litestar import Litestar

from todo.entrypoints.http import docs
from todo.entrypoints.http.docs import docs_handlers

SHIPPED = Path(docs.__file__).parent
SCRIPT = Path(__file__).resolve().parents[3] / "scripts/vendor_swagger_ui.py"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app: Any = Litestar(docs_handlers, openapi_config=None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://todo.test") as client:
        yield client


class Markup(HTMLParser):
    """What a page loads and names, and what it says inline."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.inline += [f"{name}={value}" for name, value in attrs if name == "style" or name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in {"script", "style"} and data.strip():
            self.inline.append(data)


async def assets_of_the_page(client: httpx.AsyncClient) -> list[str]:
    addresses = Markup((await client.get("/docs")).text).addresses
    return [address for address in addresses if address.startswith("/docs/assets/")]


async def bundle_of(client: httpx.AsyncClient) -> str:
    (bundle,) = [address for address in await assets_of_the_page(client) if address.endswith("swagger-ui-bundle.js")]
    return bundle


def loaded_script() -> ModuleType:
    """The script is no module of a package: it is run by its path."""
    spec = importlib.util.spec_from_file_location("vendor_swagger_ui", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


KINDS = {".css": "text/css", ".js": "text/javascript", ".png": "image/png", "": "text/plain"}


class TestThePage:
    async def test_it_is_html_with_nothing_inline(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/docs")

        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert Markup(page.text).inline == []

    async def test_it_names_no_address_elsewhere(self, client: httpx.AsyncClient) -> None:
        addresses = Markup((await client.get("/docs")).text).addresses

        assert [address for address in addresses if not re.match(r"/(?!/)", address)] == []

    async def test_every_asset_it_names_answers_with_the_shipped_content(self, client: httpx.AsyncClient) -> None:
        addresses = await assets_of_the_page(client)

        assert len(addresses) == len(docs.ASSETS)
        for address in addresses:
            name = address.rpartition("/")[2].partition("-")[2]
            (path,) = [path for path in docs.ASSETS if path.rpartition("/")[2] == name]
            answer = await client.get(address)
            assert answer.status_code == 200
            assert answer.content == (SHIPPED / path).read_bytes()
            assert answer.headers["content-type"].partition(";")[0] == KINDS[Path(path).suffix]

    async def test_its_policy_lets_in_our_own_files_only(self, client: httpx.AsyncClient) -> None:
        headers = (await client.get("/docs")).headers

        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert ":" not in headers["content-security-policy"].replace("img-src 'self' data:", "")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"

    async def test_it_is_asked_for_anew_each_time_so_that_a_release_shows_at_once(
        self, client: httpx.AsyncClient
    ) -> None:
        assert (await client.get("/docs")).headers["cache-control"] == "no-cache"

    @pytest.mark.parametrize("written", ["{}", "W/{}", '"other", {}', "*"])
    async def test_who_has_it_already_is_told_so_in_few_bytes(self, client: httpx.AsyncClient, written: str) -> None:
        etag = (await client.get("/docs")).headers["etag"]

        again = await client.get("/docs", headers={"If-None-Match": written.format(etag)})

        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag

    async def test_who_has_an_older_one_gets_the_new_one(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/docs", headers={"If-None-Match": '"older"'})).status_code == 200

    async def test_the_other_usual_address_leads_there(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/redoc")

        assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


class TestTheAssets:
    async def test_they_may_be_kept_for_good(self, client: httpx.AsyncClient) -> None:
        for address in await assets_of_the_page(client):
            answer = await client.get(address)
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize(
        "name", ["start.js", "swagger-ui-bundle.js", "000000000000-start.js", "__init__.py", "index.html", "CHECKSUMS"]
    )
    async def test_any_other_name_is_not_found(self, client: httpx.AsyncClient, name: str) -> None:
        assert (await client.get(f"/docs/assets/{name}")).status_code == 404

    @pytest.mark.parametrize("way", ["../__init__.py", "%2e%2e/__init__.py", "..%2f__init__.py", "swagger-ui/VERSION"])
    async def test_no_way_leads_out_of_them(self, client: httpx.AsyncClient, way: str) -> None:
        assert (await client.get(f"/docs/assets/{way}")).status_code == 404

    @pytest.mark.parametrize("accepted", ["gzip", "br, GZIP;q=0.5", "*", "gzip ; q=1"])
    async def test_they_come_gzipped_to_who_takes_that(self, client: httpx.AsyncClient, accepted: str) -> None:
        async with client.stream("GET", await bundle_of(client), headers={"Accept-Encoding": accepted}) as answer:
            sent = b"".join([part async for part in answer.aiter_raw()])

        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-length"] == str(len(sent))
        assert gzip.decompress(sent) == (SHIPPED / "swagger-ui/swagger-ui-bundle.js").read_bytes()

    @pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "*, gzip;q=0.0"])
    async def test_they_come_plain_to_who_does_not(self, client: httpx.AsyncClient, accepted: str) -> None:
        answer = await client.get(await bundle_of(client), headers={"Accept-Encoding": accepted})

        assert "content-encoding" not in answer.headers
        assert answer.headers["vary"] == "Accept-Encoding"

    async def test_the_plain_and_the_gzipped_have_tags_of_their_own(self, client: httpx.AsyncClient) -> None:
        address = await bundle_of(client)

        tags = {
            (await client.get(address, headers={"Accept-Encoding": accepted})).headers["etag"]
            for accepted in ("gzip", "identity")
        }

        assert len(tags) == 2

    @pytest.mark.parametrize("path", [path for path in docs.ASSETS if path.endswith(".css")])
    def test_the_style_sheets_load_nothing_from_elsewhere(self, path: str) -> None:
        sheet = (SHIPPED / path).read_text(encoding="utf-8")

        assert "@import" not in sheet
        assert set(re.findall(r"url\([\"']?(.{5})", sheet)) <= {"data:"}


class TestTheVendoredFiles:
    @pytest.fixture
    def copy(self, tmp_path: Path) -> Path:
        return Path(shutil.copytree(SHIPPED / "swagger-ui", tmp_path / "swagger-ui"))

    def test_they_are_as_they_were_published(self) -> None:
        assert loaded_script().main(["--check"]) == 0

    def test_they_carry_their_licence_and_notice(self) -> None:
        assert "Apache License" in (SHIPPED / "swagger-ui/LICENSE").read_text(encoding="utf-8")
        assert "SmartBear" in (SHIPPED / "swagger-ui/NOTICE").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("tamper", "complaint"),
        [
            (lambda home: (home / "swagger-ui.css").write_bytes(b"body{}"), "swagger-ui.css is changed"),
            (lambda home: (home / "LICENSE").unlink(), "LICENSE is missing"),
            (lambda home: (home / "more.js").write_bytes(b""), "more.js is not one of Swagger UI's files"),
            (lambda home: (home / "CHECKSUMS").unlink(), "there is no"),
            (lambda home: (home / "CHECKSUMS").write_bytes(b""), "NOTICE has no checksum"),
        ],
        ids=["changed", "missing", "added", "without checksums", "with empty checksums"],
    )
    def test_tampering_is_noticed_and_named(
        self,
        copy: Path,
        capsys: pytest.CaptureFixture[str],
        tamper: Callable[[Path], object],
        complaint: str,
    ) -> None:
        tamper(copy)

        assert loaded_script().main(["--check"], home=copy) == 1
        assert complaint in capsys.readouterr().err
