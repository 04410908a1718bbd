"""The command line: one command a file, one way to fail."""

from __future__ import annotations

import sys

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


def _register() -> None:
    from dengta.commands import (
        account,
        assess,
        bench,
        cameras,
        check_crs,
        city,
        classify,
        demo,
        doctor,
        events,
        export,
        governance,
        imports,
        jobs,
        look,
        models,
        names,
        process,
        samples,
        serve,
        suggest,
        units,
        up,
    )

    for name, function in (
        ("up", up.up),
        ("demo", demo.demo),
        ("city", city.city),
        ("import", imports.import_),
        ("imports", imports.imports),
        ("export", export.export_),
        ("assess", assess.assess),
        ("cameras", cameras.cameras),
        ("parse-name", names.parse_name),
        ("check-crs", check_crs.check_crs),
        ("look", look.look),
        ("events", events.events),
        ("serve", serve.serve),
        ("doctor", doctor.doctor),
        ("bench", bench.bench),
    ):
        app.command(name)(function)
    app.add_typer(models.app, name="models")
    app.add_typer(classify.app, name="classify")
    app.add_typer(account.app, name="account")
    app.add_typer(governance.app, name="governance")
    app.add_typer(jobs.app, name="jobs")
    app.add_typer(samples.app, name="sample")
    app.add_typer(suggest.app, name="suggest")
    app.add_typer(units.app, name="units")
    app.command("process", hidden=True)(process.process)


def main() -> None:
    """Run the command line; a failure with a name is one clear line and a code."""
    _register()
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
