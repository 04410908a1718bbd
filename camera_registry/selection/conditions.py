"""What a filter asks of the record and of other tables, in the store's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ColumnElement, and_, cast, false, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from camera_registry.search.clauses import is_fragment
from camera_registry.search.text import grams, is_code_like, numbers_of, words_of
from models.camera import CameraState
from models.tables import (
    camera,
    camera_fault,
    camera_scene,
    camera_score,
    camera_state,
    camera_words,
    governance_rule,
    organisation,
    scene,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import FromClause

KNOWN_STATE: ColumnElement[int] = func.coalesce(camera_state.c.state, int(CameraState.UNKNOWN))
"""A camera that was never looked at has no row of its own there. Needs ``camera_state`` outer-joined."""

_OPEN_FAULT = 3
"""States of a fault below it are open, excused or not."""


def one_of(column: ColumnElement[Any], values: Collection[object]) -> ColumnElement[bool]:
    """The column has one of the values, sent as one array however many they are."""
    return column == func.any(cast(list(values), ARRAY(column.type)))


def nothing() -> ColumnElement[bool]:
    """No camera."""
    return false()


def within_unit(table: FromClause, unit_code: str) -> ColumnElement[bool]:
    """Whether a row belongs to the unit of that code or one below it."""
    return within_units(table, (unit_code,))


def within_units(table: FromClause, codes: Sequence[str]) -> ColumnElement[bool]:
    """Whether a row belongs to one of the units or one below them."""
    unit = organisation.alias()
    return (
        select(1)
        .where(one_of(unit.c.code, codes), table.c.unit_tree.between(unit.c.tree_left, unit.c.tree_right))
        .correlate(table)
        .exists()
    )


def serves(codes: Sequence[str] = ()) -> ColumnElement[bool]:
    """Whether a camera serves one of the scenes; without any, whether it serves any at all."""
    assigned = select(1).where(camera_scene.c.camera_id == camera.c.id)
    if codes:
        assigned = assigned.where(camera_scene.c.scene_id == scene.c.id, one_of(scene.c.code, codes))
    return assigned.correlate(camera).exists()


def in_state(states: Sequence[CameraState]) -> ColumnElement[bool]:
    """Whether a camera's health is known to be one of these."""
    known = select(1).where(camera_state.c.camera_id == camera.c.id).correlate(camera)
    wanted = {int(state) for state in states}
    found = known.where(one_of(camera_state.c.state, sorted(wanted))).exists()
    if int(CameraState.UNKNOWN) not in wanted:
        return found
    return or_(found, ~known.exists())


def has_fault(rules: Sequence[str] = ()) -> ColumnElement[bool]:
    """Whether a fault is open, of one of these rules if any are named."""
    fault = select(1).where(camera_fault.c.camera_id == camera.c.id, camera_fault.c.state < _OPEN_FAULT)
    if rules:
        fault = fault.where(
            camera_fault.c.rule_id == governance_rule.c.id, one_of(governance_rule.c.code, rules)
        )
    return fault.correlate(camera).exists()


def scores(least: float, greatest: float) -> ColumnElement[bool]:
    """Whether the record's score lies between; one that was never assessed has none."""
    return (
        select(1)
        .where(camera_score.c.camera_id == camera.c.id, camera_score.c.score.between(least, greatest))
        .correlate(camera)
        .exists()
    )


def says(typed: str) -> ColumnElement[bool]:
    """Whether every word stands in the name, address, owner or device id."""
    words = words_of(typed)
    if not words:
        return nothing()
    return camera.c.id.in_(select(camera_words.c.camera_id).where(*map(_has_word, words)))


def _has_word(word: str) -> ColumnElement[bool]:
    name, rest, code = camera_words.c.name, camera_words.c.rest, camera_words.c.code
    fragment = f"%{word}%"
    stands = [name.like(fragment), rest.like(fragment)]
    indexed = [_has_pairs(name, word), _has_pairs(rest, word)] if len(word) > 1 else []
    if is_fragment(word):
        return or_(*stands, code.like(fragment))
    if is_code_like(word):
        begins = code.like(f"{word}%")
        stands.append(begins)
        indexed += [begins] if indexed else []
    # Two conditions, not one each for name and rest: pairs are then only asked of the index, not of the row.
    return and_(*([or_(*indexed)] if indexed else []), or_(*stands))


def _has_pairs(text: ColumnElement[str], word: str) -> ColumnElement[bool]:
    pairs = cast(numbers_of(grams(word)), ARRAY(BigInteger))
    return func.search_grams(text).op("@>", is_comparison=True)(pairs)
