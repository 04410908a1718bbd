"""A rule on one measured value: the common body of crowd and congestion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.verdict import Act, Verdict
from scenes.hysteresis import Ballot, Vote, matter_confidence, severity_by_ratio
from scenes.rule import RuleSettings, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.observation import Observation


class ThresholdRule:
    """Judges ``observation.values[value]`` against the borders of its settings.

    Args:
        name: Stands in ``watch.rule``.
        kind: Kind of the incidents it opens.
        recogniser: Whose observations it reads.
        value: Name of the measured value.
        settings: The presets.
    """

    def __init__(
        self, *, name: str, kind: str, recogniser: str, value: str, settings: type[RuleSettings]
    ) -> None:
        self.name = name
        self.kind = kind
        self.recogniser = recogniser
        self._value = value
        self._settings = settings

    def judge(
        self, state: Mapping[str, Any], observation: Observation, overrides: Mapping[str, Any]
    ) -> Verdict:
        """See :class:`scenes.rule.Rule`. An abstention and a missing value change nothing."""
        value = observation.values.get(self._value)
        if observation.abstained is not None or value is None:
            return Verdict(state=state)
        settings = read_settings(self._settings, overrides)
        vote = Vote(observation.captured_at.timestamp(), value, observation.confidence)
        ballot, act = Ballot.read(state).cast(vote, settings)
        if act is Act.NOTHING:
            return Verdict(state=ballot.write())
        return Verdict(
            state=ballot.write(),
            act=act,
            confidence=matter_confidence(ballot, settings.open_at)
            if act is Act.OPEN
            else observation.confidence,
            severity=severity_by_ratio(value, settings.open_at),
            facts={
                "measure": self._value,
                "value": round(value, 4),
                "border": settings.open_at if act is Act.OPEN else settings.close_at,
                "votes": len(ballot.reaching(settings.open_at)),
                "of": len(ballot.votes),
                "model": observation.model,
            },
        )
