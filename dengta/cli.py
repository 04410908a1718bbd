"""The command line: one command a file, one way to fail."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

from base.errors import DengtaError, InvalidInputError
from base.redact import redact_text

WRONG_USE = 2
FAILED = 1

app = typer.Typer(
    name="dengta",
    help="Dengta 灯塔: a city's video resource governance and recognition service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


COMMANDS = {
    "up": "up.up",
    "demo": "demo.demo",
    "city": "city.city",
    "import": "imports.import_",
    "imports": "imports.imports",
    "export": "export.export_",
    "assess": "assess.assess",
    "cameras": "cameras.cameras",
    "parse-name": "names.parse_name",
    "check-crs": "check_crs.check_crs",
    "look": "look.look",
    "events": "events.events",
    "serve": "serve.serve",
    "doctor": "doctor.doctor",
    "bench": "bench.bench",
    "process": "process.process",
}
"""Where each is, within ``dengta.commands``."""

GROUPS = {
    "models": "models.app",
    "classify": "classify.app",
    "account": "account.app",
    "governance": "governance.app",
    "jobs": "jobs.app",
    "sample": "samples.app",
    "suggest": "suggest.app",
    "units": "units.app",
}
"""Commands that have commands of their own."""

HIDDEN = frozenset({"process"})


@app.callback()
def _program() -> None:
    pass  # With one command loaded, the program is still a program of many.


def _register(named: str = "") -> None:
    """Load the command of that name; all of them where it is none, so that the help lists them.

    All together hold 300 MB and take four seconds of a core, which each process of the system would pay.
    """
    wanted = [named] if named in {**COMMANDS, **GROUPS} else [*COMMANDS, *GROUPS]
    for name in wanted:
        module, _, attribute = (COMMANDS.get(name) or GROUPS[name]).partition(".")
        found = getattr(import_module(f"dengta.commands.{module}"), attribute)
        if name in GROUPS:
            app.add_typer(found, name=name)
        else:
            app.command(name, hidden=name in HIDDEN)(found)


def main() -> None:
    """Run the command line; a failure with a name is one clear line and a code."""
    _register(sys.argv[1] if len(sys.argv) > 1 else "")
    try:
        app()
    except DengtaError as err:
        sys.stderr.write(f"dengta: {redact_text(str(err))}\n")
        sys.exit(WRONG_USE if isinstance(err, InvalidInputError) else FAILED)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has gone: `dengta events | head`
        sys.stderr.close()
        sys.exit(0)
