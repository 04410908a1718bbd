"""Crowd and congestion: when they open and close, what counts as a vote, and what they say of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import InvalidInputError, NotFoundError
from models.observation import Observation
from models.verdict import Act, Verdict
from scenes import congestion, crowd
from scenes.hysteresis import severity_by_ratio
from scenes.table import rule_named

NOON = datetime(2026, 1, 17, 12, tzinfo=UTC)


def observe(
    at_s: float, *, abstained: str | None = None, confidence: float = 0.8, **values: float
) -> Observation:
    return Observation(
        1, UUID(int=1), NOON + timedelta(seconds=at_s), "objects", "m@0", values, confidence, abstained
    )


def play(values: list[float], *, every_s: float = 60, **overrides: Any) -> list[Verdict]:
    verdicts: list[Verdict] = []
    state: Any = {}
    for k, value in enumerate(values):
        verdict = crowd.RULE.judge(state, observe(k * every_s, persons=value), overrides)
        verdicts.append(verdict)
        state = verdict.state
    return verdicts


def acts(values: list[float], **overrides: Any) -> list[Act]:
    return [verdict.act for verdict in play(values, **overrides)]


FOUR = {"open_at": 4, "close_at": 2, "votes": 3, "of": 4}


def test_one_crowded_picture_opens_nothing() -> None:
    assert set(acts([9], **FOUR)) == {Act.NOTHING}


def test_three_of_four_open_even_with_a_quiet_one_between() -> None:
    assert acts([9, 9, 0, 9], **FOUR) == [Act.NOTHING, Act.NOTHING, Act.NOTHING, Act.OPEN]


def test_between_the_borders_an_open_matter_stays_open() -> None:
    assert Act.CLOSE not in acts([9, 9, 9, 3, 3, 3, 3, 3], **FOUR)


def test_it_closes_once_and_opens_anew() -> None:
    played = [act for act in acts([9, 9, 9, 0, 0, 0, 0, 9, 9, 9], **FOUR) if act is not Act.NOTHING]
    assert played == [Act.OPEN, Act.CLOSE, Act.OPEN]


def test_pictures_older_than_the_memory_have_no_vote() -> None:
    assert Act.OPEN not in acts([9, 9, 9], every_s=2000, **FOUR)


def test_an_abstention_changes_nothing() -> None:
    state = play([9, 9], **FOUR)[-1].state
    verdict = crowd.RULE.judge(state, observe(999, abstained="black"), FOUR)
    assert (verdict.state, verdict.act) == (state, Act.NOTHING)


def test_congestion_must_outlast_two_signal_cycles() -> None:
    def opens(every_s: float) -> bool:
        state: Any = {}
        for k in range(6):
            verdict = congestion.RULE.judge(state, observe(k * every_s, vehicle_cover=0.5), {})
            state = verdict.state
            if verdict.act is Act.OPEN:
                return True
        return False

    assert not opens(every_s=30)  # a queue at a red light: six pictures in two and a half minutes
    assert opens(every_s=60)


def test_a_verdict_says_what_it_weighed() -> None:
    verdict = play([9, 9, 13], **FOUR)[-1]
    assert verdict.facts == {
        "measure": "persons",
        "value": 13,
        "border": 4,
        "votes": 3,
        "of": 3,
        "model": "m@0",
    }
    assert verdict.confidence == pytest.approx(0.8)
    assert verdict.severity == 2


@pytest.mark.parametrize(("value", "severity"), [(4, 4), (5.9, 4), (6, 3), (11.9, 3), (12, 2), (400, 2)])
def test_severity_grows_with_the_excess_and_never_reaches_1(value: float, severity: int) -> None:
    assert severity_by_ratio(value, 4) == severity


@pytest.mark.parametrize(
    ("overrides", "names"),
    [
        ({"open_at": 2, "close_at": 3}, "close_at"),
        ({"votes": 5, "of": 4}, "votes"),
        ({"open_at": "many"}, "open_at"),
        ({"open_at": -1}, "open_at"),
        ({"opne_at": 3}, "opne_at"),
        ({"span_s": 10, "memory_s": 5}, "span_s"),
    ],
)
def test_a_wrong_setting_is_named(overrides: dict[str, Any], names: str) -> None:
    with pytest.raises(InvalidInputError, match=names):
        crowd.RULE.judge({}, observe(0, persons=1), overrides)


def test_an_unknown_rule_lists_those_there_are() -> None:
    with pytest.raises(NotFoundError, match="congestion, crowd"):
        rule_named("snow")


@given(st.lists(st.floats(0, 50), max_size=40), st.integers(1, 6), st.integers(0, 5), st.floats(1, 20))
def test_openings_and_closings_alternate_and_never_lack_their_votes(
    values: list[float], votes: int, more: int, open_at: float
) -> None:
    of = votes + more
    settings = {"open_at": open_at, "close_at": open_at / 2, "votes": votes, "of": of}
    played = play(values, **settings)
    changes = [(k, v.act) for k, v in enumerate(played) if v.act is not Act.NOTHING]
    assert [act for _, act in changes] == [Act.OPEN if n % 2 == 0 else Act.CLOSE for n in range(len(changes))]
    for k, act in changes:
        window = values[max(0, k + 1 - of) : k + 1]
        voted = sum(v >= open_at if act is Act.OPEN else v <= open_at / 2 for v in window)
        assert voted >= votes
    assert all(0 <= v.confidence <= 1 and 1 <= v.severity <= 4 for v in played)
