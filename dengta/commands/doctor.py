"""``dengta doctor``: what is missing on this machine, and how to get it."""

from __future__ import annotations

import json as json_format
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from base.settings import get_settings
from dengta.checks import examine


def doctor(json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False) -> None:
    """Say what is missing on this machine and how to get it; exit with 1 if anything is."""
    findings = examine(get_settings())
    if json:
        print(json_format.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        table = Table(box=None, pad_edge=False)
        for heading in ("", "what", "state", "remedy"):
            table.add_column(heading, overflow="fold")
        for finding in findings:
            mark = "[red]✕[/]" if finding.problem else "[green]●[/]"
            state = finding.problem or finding.found
            if finding.problem and finding.needed_for:
                state += f" Needed for {finding.needed_for}."
            table.add_row(mark, finding.name, state, finding.remedy)
        Console().print(table)
    if any(finding.problem for finding in findings):
        raise typer.Exit(1)
