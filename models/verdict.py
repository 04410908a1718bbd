"""What a scene rule answers: its new memory, and what is to be done about the matter it watches."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Act(StrEnum):
    """What the record is to do."""

    NOTHING = "nothing"
    OPEN = "open"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule's answer to one observation.

    Attributes:
        state: What the rule will want to remember, as JSON.
        act: What is to be done.
        confidence: 0-1; of the matter, not of one picture.
        severity: GB/T 28181 alarm priority, 1 highest to 4.
        facts: What was weighed, for people and for the event, as JSON.
    """

    state: Mapping[str, Any]
    act: Act = Act.NOTHING
    confidence: float = 0.0
    severity: int = 4
    facts: Mapping[str, Any] = field(default_factory=dict)
