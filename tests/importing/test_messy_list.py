"""The project's own messy list: an import names each kind of mistake in it, and takes the rest."""

import json

import pytest
from import_lists import cameras, take
from typer.testing import CliRunner

from camera_registry.importing import Severity
from dengta.commands.samples import app
from dengta.sample.messy import GOOD_ROWS, LOGIN, mistakes_of, write_messy
from dengta.sample.messy_mistakes import MISTAKES

pytestmark = pytest.mark.usefixtures("city")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_each_mistake_is_named_in_its_row(database, tmp_path, sealer, form):
    path = tmp_path / f"messy.{form}"
    write_messy(path)
    report = await take(database, path, sealer, dry_run=True, rejects=tmp_path / "back")
    found = {(fault.row, fault.code) for fault in report.faults}
    first = 3 + GOOD_ROWS + 1
    expected = {(row, mistake.code) for row, mistake in enumerate(mistakes_of(form), start=first)}
    assert expected <= found
    assert len({mistake.code for mistake in mistakes_of(form)}) >= 20
    assert {row for row, _ in found} == {row for row, _ in expected}  # nothing is said of good rows
    assert all(fault.reason and fault.remedy for fault in report.faults)
    assert (tmp_path / "back").exists()


async def test_the_good_rows_go_in_and_no_password_is_told(database, tmp_path, sealer):
    path = tmp_path / "messy.xlsx"
    write_messy(path)
    report = await take(database, path, sealer)
    errors = {fault.row for fault in report.faults if fault.severity is Severity.ERROR}
    assert report.refused == len(errors)
    assert report.new >= GOOD_ROWS
    told = json.dumps(report.as_json(), default=str)
    assert "Admin12345" not in told
    assert "Admin12345" not in str(await cameras(database))
    assert "Admin12345" in LOGIN


def test_it_is_the_same_each_time(tmp_path):
    for name in ("a.csv", "b.csv"):
        write_messy(tmp_path / name)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_the_command_writes_it_and_tells_what_is_wrong_in_it(tmp_path):
    done = CliRunner().invoke(app, ["messy", str(tmp_path / "m.csv")])
    assert done.exit_code == 0
    assert all(mistake.code in done.output for mistake in MISTAKES)
