"""``dengta bench``: what Dengta costs, what a peer costs for the same, and what nothing could save."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from base.errors import DengtaError, InvalidInputError, SetupError

FOLDER = Path(__file__).resolve().parents[2] / "bench"

_DECLARES_CASES = re.compile(r"^CASES\b", re.MULTILINE)
_NUMBERS = ("ours", "spread", "floor", "ours ÷ floor", "peer's", "peer's ÷ ours", "n")


def bench(
    name: Annotated[str, typer.Argument(help="The benchmark; without one, all of them.")] = "",
    case: Annotated[str, typer.Option(help="Only this case of the benchmark.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per case and peer.")] = False,
) -> None:
    """Measure Dengta, its peers and the floor in turn. All figures are costs: lower is better.

    Raises:
        InvalidInputError: There is no such benchmark or case.
        SetupError: This is no checkout.
        DengtaError: A benchmark failed; the others were measured all the same.
    """
    known = _benchmarks()
    if name not in {"", *known}:
        raise InvalidInputError(f"There is no benchmark {name!r}; there are {', '.join(known)}.")
    if case and not name:
        raise InvalidInputError("--case needs the name of the benchmark it belongs to.")
    failed: list[str] = []
    lines = _measured(name, case) if name else _each_alone(known, failed)
    if as_json:
        for line in lines:
            print(line, flush=True)
    else:
        Console().print(_table(json.loads(line) for line in lines))
    if failed:
        raise DengtaError(f"Failed: {', '.join(failed)}.")


def _benchmarks() -> list[str]:
    """The modules that declare cases. They are read, not imported: loading them all takes seconds."""
    if not (FOLDER / "harness.py").is_file():
        raise SetupError(
            "The benchmarks are not installed with Dengta.",
            remedy="Run dengta bench from a checkout of the source.",
        )
    return sorted(path.stem for path in FOLDER.glob("*.py") if _DECLARES_CASES.search(path.read_text()))


def _measured(name: str, only: str) -> Iterator[str]:
    """Lines of one benchmark, measured in this process."""
    package = ModuleSpec("bench", None, is_package=True)
    package.submodule_search_locations = [str(FOLDER)]
    sys.modules["bench"] = module_from_spec(package)
    module: Any = importlib.import_module(f"bench.{name}")
    if only not in {"", *module.CASES}:
        raise InvalidInputError(f"{name} has no case {only!r}; it has {', '.join(module.CASES)}.")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    # A bar that draws itself would do so on a thread of this process, whose CPU is being measured.
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as progress:
        for case in [only] if only else module.CASES:
            task = progress.add_task(f"{name} {case}", total=None)

            def tell(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total, refresh=True)  # noqa: B023 - called in this turn

            for line in module.measure(case, tell):
                yield line.line()
            progress.remove_task(task)


def _each_alone(names: Iterable[str], failed: list[str]) -> Iterator[str]:
    """Lines of several benchmarks, each in a process of its own, where no other's threads are left over."""
    for name in names:
        command = [sys.executable, "-m", "dengta", "bench", name, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            yield from (line.rstrip("\n") for line in process.stdout)
        if process.returncode:
            failed.append(name)


def _table(lines: Iterable[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, caption="costs: lower is better", caption_justify="left")
    for heading in ("bench", "case", "unit"):
        table.add_column(heading, no_wrap=True)
    for heading in _NUMBERS:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("peer", overflow="fold")
    for line in lines:
        if "skipped" in line:
            blanks = [""] * (1 + len(_NUMBERS))
            table.add_row(line["bench"], line["case"], *blanks, f"[dim]skipped: {escape(line['skipped'])}[/]")
            continue
        ours, floor, peer = line["ours"], line["floor"], line["peer"]
        table.add_row(
            *(line["bench"], line["case"], line["unit"]),
            *(_short(ours), _short(line["spread"]), _short(floor), _ratio(ours, floor)),
            *(_short(peer), _ratio(peer, ours), str(line["n"]), line["peer_name"] or ""),
        )
    return table


def _short(cost: float | None) -> str:
    return "" if cost is None else f"{cost:.3g}" if cost < 100 else f"{cost:.0f}"


def _ratio(cost: float | None, base: float | None) -> str:
    return f"{cost / base:.2f}" if cost is not None and base else ""
