"""The command line: each command is found, and brings no more with it than it needs."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from dengta.cli import COMMANDS, GROUPS


@pytest.mark.parametrize("place", [*COMMANDS.values(), *GROUPS.values()])
def test_each_command_is_where_it_is_said_to_be(place: str) -> None:
    module, _, attribute = place.partition(".")
    assert callable(getattr(import_module(f"dengta.commands.{module}"), attribute))


def test_a_process_of_the_system_loads_no_other_command() -> None:
    trial = (
        "import sys; from dengta import cli; cli._register('process');"
        "print([name for name in ('api', 'sklearn', 'cv2', 'pyogrio', 'openpyxl') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", trial], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_help_lists_all_commands_but_the_hidden_one() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dengta", "--help"], capture_output=True, text=True, check=True
    )
    words = set(done.stdout.split())
    assert (COMMANDS.keys() | GROUPS.keys()) - words == {"process"}
