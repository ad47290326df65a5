from todo.adapters.logs.rendering import as_console


def test_a_request_reads_as_a_sentence_and_its_rest_stands_behind() -> None:
    fields = {
        "event": "request",
        "ts": "2026-11-26T00:00:00.000Z",
        "level": "info",
        "method": "GET",
        "route": "/login",
        "status": 200,
        "duration_ms": 1.2,
        "user": None,
        "request_id": "abc",
    }

    line = as_console(colors=False)(fields)

    assert line.split() == [
        "2026-11-26T00:00:00.000Z",
        "[info",
        "]",
        "GET",
        "/login",
        "200",
        "in",
        "1.2",
        "ms",
        "request_id=abc",
    ]
    assert fields["event"] == "request"
