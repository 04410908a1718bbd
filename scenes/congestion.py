"""Congestion: vehicles cover much of the picture for longer than two signal cycles."""

from __future__ import annotations

from scenes.rule import RuleSettings
from scenes.threshold import ThresholdRule


class CongestionSettings(RuleSettings):
    """Borders as the share of the picture that vehicles cover, 0-1, for a camera without lane regions.

    A queue at a red light looks like a jam, so the pictures that open a matter must span ``span_s``: two
    cycles of 90 s, a common length for arterial signals.
    """

    open_at: float = 0.30
    close_at: float = 0.18
    span_s: float = 180
    of: int = 6
    votes: int = 4


RULE = ThresholdRule(
    name="congestion",
    kind="congestion",
    recogniser="objects",
    value="vehicle_cover",
    settings=CongestionSettings,
)
