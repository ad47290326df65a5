"""Backups in a form of our own, which every version of PostgreSQL can give and take."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from todo.adapters.postgres.backup import restoring, saving
from todo.adapters.postgres.backup.archive import BackupRefused, Manifest, Reader, Writer
from todo.adapters.postgres.backup.asking import Progress
from todo.adapters.postgres.migrations import Migrations
from todo.adapters.postgres.tables import sessions, verifications
from todo.domain.ports.clock import Clock

__all__ = ["BackupRefused", "Backups", "Manifest"]

OF_THE_MOMENT: Final = frozenset({sessions.name, verifications.name})
"""Filled again on request only: who has signed out, or used a ticket, since the backup would be undone."""


class Backups:
    """Saves and restores the database that `migrations` look after. Both may raise `StoreUnavailable`."""

    def __init__(self, migrations: Migrations, *, program: str, clock: Clock) -> None:
        self._migrations = migrations
        self._program = program
        self._clock = clock

    async def save(self, file: Path, *, overwrite: bool, progress: Progress) -> Manifest:
        """Every row as it was at one moment, while others go on writing. Raises `BackupRefused`."""
        with Writer(file, overwrite=overwrite) as writer:
            async with saving.snapshot(self._migrations.address) as (connection, columns):
                made_at = self._clock.now().isoformat(timespec="seconds")
                found = await saving.save(connection, columns, writer, progress)
            manifest = replace(found, made_at=made_at, program=self._program)
            writer.finish(manifest)
        return manifest

    async def restore(self, file: Path, *, with_sessions: bool, progress: Progress) -> Manifest:
        """All rows, or none; then the tables are brought to the head. Tells what was taken over.

        Raises `BackupRefused` for a file that is damaged, too new or not of ours, and for a database that is not empty.
        """
        with Reader(file) as backup:
            made = backup.manifest
            if not self._migrations.knows(made.schema):
                raise BackupRefused(
                    f"{file} is of a newer program: its tables are at {made.schema}, "
                    f"and this one knows them up to {self._migrations.head}"
                )
            restoring.require_ours(made)
            restoring.verify(backup, progress)
            wanted = tuple(part for part in made.parts if with_sessions or part.table not in OF_THE_MOMENT)
            async with self._migrations.transaction() as connection:
                await connection.run_sync(restoring.prepare, self._migrations, made.schema)
                await restoring.fill(connection, backup, wanted, progress)
                await connection.run_sync(self._migrations.upgrade_on)
        skipped = [f"table {part.table}, {part.rows} rows" for part in made.parts if part not in wanted and part.rows]
        return replace(made, parts=wanted, left_out=tuple(skipped))
