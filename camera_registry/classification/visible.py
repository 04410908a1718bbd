"""Which batches an asker may know of: their own, and those that changed a camera where they may look."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.scope import Scope


def within(scope: Scope, *, first: int) -> tuple[str, tuple[int, ...]]:
    """The condition that holds rows of ``classification_tally t`` to a scope, and its parameters.

    Args:
        scope: The asker's.
        first: Number of its first parameter.
    """
    if scope.whole_city:
        return f"t.sensitivity <= ${first}", (scope.max_sensitivity,)
    condition = f"""t.sensitivity <= ${first} and exists (select from organisation o
        where o.id = t.unit_id and o.tree_left between ${first + 1} and ${first + 2})"""
    return condition, (scope.max_sensitivity, scope.tree_left, scope.tree_right)


def visible(scope: Scope, *, first: int) -> tuple[str, tuple[int, ...]]:
    """The condition that holds rows of ``classification_batch b`` to a scope, and its parameters."""
    condition, parameters = within(scope, first=first + 1)
    own = f"b.account_id is not distinct from nullif(${first}, 0)"
    changed = f"exists (select from classification_tally t where t.batch_id = b.id and {condition})"
    return f"({own} or {changed})", (scope.account_id, *parameters)
