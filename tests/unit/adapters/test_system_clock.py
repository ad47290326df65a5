from datetime import UTC, datetime, timedelta

from todo.adapters.system_clock import SystemClock


def test_it_tells_the_present_in_utc() -> None:
    told = SystemClock().now()

    assert told.tzinfo is UTC
    assert abs(datetime.now(UTC) - told) < timedelta(seconds=5)


def test_it_tells_whole_milliseconds_and_is_never_ahead() -> None:
    for _ in range(1000):
        told = SystemClock().now()

        assert told.microsecond % 1000 == 0
        assert told <= datetime.now(UTC)
