"""The benchmark harness: who is measured when, what a line says, and what `dengta bench` refuses."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import InvalidInputError, SetupError
from bench.harness import WARM_UPS, Case, Result, Skipped, cpu_ms, interquartile_range, measure_in_turn, turn
from dengta.commands import bench as command


class Meter:
    """A clock that works push forward."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def work(self, *costs):
        left = list(costs)

        def run():
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return run


def quiet(_done, _total):
    pass


def case(**parts):
    return Case(**{"bench": "look", "name": "h264", "ours": lambda: None, "rounds": 3, **parts})


def test_works_are_measured_in_turn_and_warm_ups_are_not_counted():
    meter, seen = Meter(), []

    def work(name, cost):
        return lambda: (seen.append(name), meter.work(cost)())

    works = {"a": work("a", 1.0), "b": work("b", 2.0)}
    samples = measure_in_turn(works, 3, meter, quiet)
    assert samples == {"a": [1.0] * 3, "b": [2.0] * 3}
    rounds = [set(seen[at : at + 2]) for at in range(0, len(seen), 2)]
    assert rounds == [{"a", "b"}] * (WARM_UPS + 3)


def test_a_slow_first_call_does_not_count():
    meter = Meter()
    samples = measure_in_turn({"a": meter.work(*[90.0] * WARM_UPS, 1.0)}, 4, meter, quiet)
    assert samples == {"a": [1.0] * 4}


@given(st.lists(st.text(), min_size=1, max_size=6, unique=True), st.integers(-9, 99))
def test_every_round_has_everybody_once_and_begins_with_the_next(names, number):
    order = turn(names, number)
    assert sorted(order) == sorted(names)
    assert order[0] == names[number % len(names)]


def test_progress_is_told_between_measurements():
    told = []
    measure_in_turn({"a": lambda: None}, 2, Meter(), lambda done, total: told.append((done, total)))
    assert told == [(0, 2)] * (1 + WARM_UPS) + [(1, 2), (2, 2)]


def test_one_line_for_each_peer_and_one_where_there_is_none():
    both = list(case(peers={"pyav": int, "cv2": int}, floor=int).measure(quiet))
    assert [line.peer_name for line in both] == ["pyav", "cv2"]
    (alone,) = case().measure(quiet)
    assert (alone.peer, alone.peer_name, alone.floor) == (None, None, None)


def test_a_peer_that_is_not_here_is_skipped_and_the_others_are_measured():
    lines = list(case(peers={"pyav": int}, absent={"ffmpeg": "it is not installed"}).measure(quiet))
    assert lines[0] == Skipped("look", "h264", "peer ffmpeg: it is not installed")
    assert lines[1].peer_name == "pyav"


def test_costs_are_told_per_what_the_unit_means(monkeypatch):
    meter = Meter()
    monkeypatch.setitem(sys.modules["bench.harness"].METERS, "ms", meter)
    (line,) = case(ours=meter.work(2.0), floor=meter.work(1.0), unit="ms", per=0.2).measure(quiet)
    assert (line.ours, line.floor, line.n) == (10.0, 5.0, 3)


def test_a_line_is_one_json_object_as_the_contract_names_it():
    result = Result("look", "h264", 12.34567, 50.0, "cv2", 9.0, "cpu_ms", 15, 0.123456)
    assert json.loads(result.line()) == {
        "bench": "look",
        "case": "h264",
        "ours": 12.35,
        "peer": 50.0,
        "peer_name": "cv2",
        "floor": 9.0,
        "unit": "cpu_ms",
        "n": 15,
        "spread": 0.1235,
    }
    skipped = Skipped("look", "h265", "no server")
    assert json.loads(skipped.line()) == {"bench": "look", "case": "h265", "skipped": "no server"}


def test_cpu_counts_this_process_and_the_children_it_waited_for():
    burn = "t = __import__('time')\nwhile t.process_time() < 0.3: pass"
    before = cpu_ms()
    subprocess.run([sys.executable, "-c", burn], check=True)
    assert cpu_ms() - before >= 290


@given(st.lists(st.floats(0, 1e6), min_size=2))
def test_the_spread_is_between_nothing_and_the_range(values):
    assert -1e-6 <= interquartile_range(values) <= max(values) - min(values) + 1e-6


def test_one_value_has_no_spread():
    assert interquartile_range([3.0]) == 0.0


def test_a_benchmark_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(InvalidInputError, match=r"no benchmark 'speed'; there are .*look"):
        command.bench("speed", "", as_json=True)


def test_a_case_needs_its_benchmark():
    with pytest.raises(InvalidInputError, match="--case needs"):
        command.bench("", "h264", as_json=True)


def test_a_case_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(InvalidInputError, match="no case 'vp9'; it has h264"):
        command.bench("look", "vp9", as_json=True)


def test_outside_a_checkout_there_is_one_clear_error(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "FOLDER", tmp_path)
    with pytest.raises(SetupError, match="from a checkout"):
        command.bench("", "", as_json=True)


def benchmark(folder, name, body):
    (folder / f"{name}.py").write_text(body)


def test_scripts_are_no_benchmarks(monkeypatch, tmp_path):
    for name, body in {"harness": "", "script": "def main(): ...", "good": "CASES = ('a',)"}.items():
        benchmark(tmp_path, name, body)
    monkeypatch.setattr(command, "FOLDER", tmp_path)
    with pytest.raises(InvalidInputError, match=r"there are good\."):
        command.bench("script", "", as_json=True)


def test_the_table_shows_ratios_and_why_something_was_skipped():
    from rich.console import Console

    lines = [
        json.loads(Result("look", "h264", 10.0, 50.0, "cv2", 8.0, "cpu_ms", 15, 0.5).line()),
        {"bench": "look", "case": "jpeg", "skipped": "no [server]"},
    ]
    console = Console(width=160)
    with console.capture() as captured:
        console.print(command._table(lines))
    _, first, second, *_ = captured.get().splitlines()
    assert first.split() == ["look", "h264", "cpu_ms", "10", "0.5", "8", "1.25", "50", "5.00", "15", "cv2"]
    assert second.split(maxsplit=2) == ["look", "jpeg", "skipped: no [server]"]
