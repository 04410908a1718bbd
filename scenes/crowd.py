"""Crowd: more people in the picture than its border allows."""

from __future__ import annotations

from scenes.rule import RuleSettings
from scenes.threshold import ThresholdRule


class CrowdSettings(RuleSettings):
    """Borders in persons counted. What is a crowd depends on the place, so a watch usually overrides them."""

    open_at: float = 20
    close_at: float = 12


RULE = ThresholdRule(
    name="crowd", kind="crowd", recogniser="objects", value="persons", settings=CrowdSettings
)
