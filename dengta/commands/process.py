"""``dengta process``: be one process of the system, as the supervisor asks."""

from __future__ import annotations

from typing import Annotated

import typer

from base.errors import InvalidInputError
from base.settings import get_settings
from dengta import processes


def process(kind: Annotated[str, typer.Argument(help="calendar, clerk, looker or relay")]) -> None:
    """Be one process of the system."""
    if kind not in processes.KINDS:
        raise InvalidInputError(f"There is no process {kind!r}; there are {', '.join(processes.KINDS)}.")
    processes.run(kind, get_settings())
