"""``dengta sample``: files to try things with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dengta.sample.messy import write_messy

app = typer.Typer(help="Files to try things with.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps ``messy`` a command of its own while it is the only one."""


@app.command()
def messy(
    file: Annotated[Path, typer.Argument(help="Where to: .xlsx, or .csv in GB18030.")],
) -> None:
    """Write a list of cameras with every kind of mistake; then: dengta import FILE --dry-run."""
    table = Table("fault", "mistake", box=None, pad_edge=False)
    for mistake in write_messy(file):
        table.add_row(mistake.code, mistake.told)
    console = Console()
    console.print(table)
    console.print(f"Written to {file}. Try: dengta import {file} --dry-run", highlight=False)
