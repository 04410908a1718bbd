"""The rules there are, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import NotFoundError
from scenes import congestion, crowd

if TYPE_CHECKING:
    from scenes.rule import Rule

RULES: dict[str, Rule] = {rule.name: rule for rule in (crowd.RULE, congestion.RULE)}


def rule_named(name: str) -> Rule:
    """The rule called ``name``.

    Raises:
        NotFoundError: There is none; the sentence lists those there are.
    """
    try:
        return RULES[name]
    except KeyError:
        raise NotFoundError(f"There is no rule {name!r}; there are {', '.join(sorted(RULES))}.") from None
