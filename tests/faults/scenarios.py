"""All faults, in the order in which they are played."""

from collections.abc import Awaitable, Callable

from tests.faults import clients, disks, outages, work, workers

SCENARIOS: dict[str, Callable[..., Awaitable[None]]] = {
    "F1": workers.f1,
    "F2": workers.f2,
    "F2b": workers.f2b,
    "F2c": workers.f2c,
    "F3": outages.f3,
    "F3b": outages.f3b,
    "F4": outages.f4,
    "F4b": outages.f4b,
    "F5": outages.f5,
    "F6": clients.f6,
    "F7": clients.f7,
    "F8": disks.f8,
    "F9": disks.f9,
    "F10": disks.f10,
    "F11": work.f11,
    "F12": work.f12,
    "F13": workers.f13,
    "F14": outages.f14,
    "F15": work.f15,
    "F16": work.f16,
    "F17": work.f17,
    "F18": outages.f18,
}
