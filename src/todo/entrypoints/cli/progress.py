"""A bar that shows how far a long work is: to a person at a terminal, and to nobody else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(words: str, *, total: int | None = None) -> Iterator[Callable[[int, int, str], None]]:
    """What it gives is told how much of how much is done, and what is being worked on."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    one_line = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    column = TextColumn("{task.description}", markup=False, table_column=one_line)
    columns = (MofNCompleteColumn(), BarColumn(bar_width=20), TimeElapsedColumn(), column)
    quiet = not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=quiet, expand=True) as bar:
        task = bar.add_task(words, total=total)

        def told(done: int, of: int, what: str) -> None:
            bar.update(task, completed=done, total=of, description=what)

        yield told
