"""`./dev fuzz`: Schemathesis against the service and its own description of itself.

The service runs on an embedded PostgreSQL and a port of the loopback, both for this run only. Schemathesis stands in a
`.venv` of its own beside this file, made when needed.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.packages import Packages
from tests.integration.service import serving, signed_up
from todo.adapters.postgres.embedded import EmbeddedPostgres

HERE = Path(__file__).parent
PACKAGES = Packages(HERE)
SETTINGS = {"TODO_THROTTLE": "off"}
"""Thousands of requests come from one address."""


def read_arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="./dev fuzz",
        description="Tries the service against its OpenAPI schema.",
        epilog="More goes to Schemathesis.",
    )
    parser.add_argument("--seconds", type=int, default=120, help="how long (120)")
    parser.add_argument("--seed", type=int, default=1, help="another one tries other things (1)")
    return parser.parse_known_args()


async def fuzz(database: str, seconds: int, seed: int, more: list[str]) -> int:
    """The exit code of Schemathesis; not 0 when the service has met with an error of its own."""
    async with serving(database, settings=SETTINGS) as service:
        async with service.client() as client:
            person = await signed_up(client)
        process = await asyncio.create_subprocess_exec(
            PACKAGES.bin / "schemathesis",
            *("--config-file", HERE / "schemathesis.toml", "run", f"{service.url}/openapi.json"),
            *("--max-time", str(seconds), "--seed", str(seed), "--continue-on-failure", *more),
            env=os.environ | {"FUZZ_URL": service.url, "FUZZ_USER": person.id, "FUZZ_TOKEN": person.token},
            cwd=HERE.parents[1],
        )
        code = await process.wait()
        if "Traceback" in service.stderr:
            print(service.stderr, file=sys.stderr)
            return 1
    return code


def main() -> int:
    arguments, more = read_arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl+C: whatever was started is stopped
    PACKAGES.install()
    with tempfile.TemporaryDirectory(prefix="todo-fuzz-") as folder:
        Path(folder).chmod(0o711)  # as root, the embedded server is another account's
        with EmbeddedPostgres(Path(folder) / "data") as postgres:
            return asyncio.run(fuzz(postgres.url, arguments.seconds, arguments.seed, more))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
