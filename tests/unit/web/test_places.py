import pytest

from todo.entrypoints.web.places import LONGEST, local_path, login


@pytest.mark.parametrize(
    "path", ["/tasks", "/account", "/tasks?show=open&q=milk", "/tasks?q=%F0%9F%98%80", "/a//b", "/?next=https://x"]
)
def test_a_path_of_this_site_is_honoured(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "tasks",
        "//evil.example.com",
        "///evil.example.com",
        "/\\evil.example.com",
        "\\/evil.example.com",
        "/\t/evil.example.com",
        "/\n/evil.example.com",
        "\t//evil.example.com",
        " //evil.example.com",
        "/a b",
        "/\0",
        "https://evil.example.com/",
        "HTTPS:evil.example.com",
        "javascript:alert(1)",
        "data:text/html,x",
        "/\u2028/evil.example.com",
        "/api/auth/token",
        "/%2fevil.example.com",
        "/tasks%5C",
        "/tasks%252Fx",
        "/" + "x" * LONGEST,
    ],
)
def test_whatever_else_is_given_leads_to_the_tasks(path: str | None) -> None:
    assert local_path(path) == "/tasks"


def test_the_page_to_log_in_on_is_told_where_to_go_then() -> None:
    assert login() == "/login"
    assert login(then="/tasks") == "/login"
    assert login(then="/tasks?show=open&q=a b") == "/login?next=%2Ftasks%3Fshow%3Dopen%26q%3Da%20b"
    assert login(message="Session expired.", then="/account") == "/login?message=Session%20expired.&next=%2Faccount"
