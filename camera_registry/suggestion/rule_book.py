"""The rules as the store keeps them: read, added, edited, removed; and the presets."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from base.errors import ConflictError, InvalidInputError, NotFoundError, SetupError
from camera_registry.suggestion.rules import Conditions, Measured, Rule
from models.tables import point_layer, road, scene, suggestion_rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from base.clock import Clock

MOST_RULES = 500

ROAD_CLASSES = ("expressway", "arterial", "secondary", "branch", "coastal")

_IN_FORCE = """
select r.id, r.code, s.code as scene, r.conditions::text as conditions, r.confidence, r.reason, r.reason_en,
       r.enabled, r.version
  from suggestion_rule r join scene s on s.id = r.scene_id
 where r.enabled and not r.removed order by r.id
"""

_PRESET = """
insert into suggestion_rule (code, scene_id, conditions, confidence, reason, reason_en)
select $1, s.id, $3::jsonb, $4, $5, $6 from scene s where s.code = $2
    on conflict (code) do nothing
"""

_COLUMNS = (
    *(suggestion_rule.c.id, suggestion_rule.c.code, scene.c.code.label("scene")),
    *(suggestion_rule.c.conditions, suggestion_rule.c.confidence, suggestion_rule.c.reason),
    *(suggestion_rule.c.reason_en, suggestion_rule.c.enabled, suggestion_rule.c.version),
    *(suggestion_rule.c.matched, suggestion_rule.c.confirmed, suggestion_rule.c.updated_at),
)


def presets() -> list[dict[str, Any]]:
    """The rules that a new installation starts with.

    Raises:
        SetupError: The installation lacks its data file.
    """
    try:
        text = resources.files("models").joinpath("data", "suggestion_rules.json").read_bytes()
    except OSError as err:
        raise SetupError(
            "The installation lacks models/data/suggestion_rules.json.", remedy="Install Dengta again."
        ) from err
    rows: list[dict[str, Any]] = orjson.loads(text)
    return rows


async def load_presets(connection: asyncpg.Connection[Any]) -> None:
    """Insert the presets that are missing; what is there, or was removed, is the city's own and stays so.

    The scenes must be there: a preset of a scene that the city does not have is left out.
    """
    await connection.executemany(
        _PRESET,
        [
            (
                row["code"],
                row["scene"],
                orjson.dumps(row["conditions"]).decode(),
                row["confidence"],
                row["reason"],
                row["reason_en"],
            )
            for row in presets()
        ],
    )


async def rules_in_force(connection: asyncpg.Connection[Any]) -> list[Rule]:
    """The enabled rules."""
    return [
        Rule(**{**row, "conditions": Conditions.of(orjson.loads(row["conditions"]))})
        for row in await connection.fetch(_IN_FORCE)
    ]


def version_of(rules: Sequence[Rule]) -> str:
    """A name for these rules: another one as soon as one of them is another."""
    told = repr([(rule.code, rule.version) for rule in rules]).encode()
    return f"rules {hashlib.sha256(told).hexdigest()[:12]}"


async def known_measures(connection: asyncpg.Connection[Any]) -> dict[str, Measured]:
    """How the rules fared in the last run over all cameras, by code; one edited since is not among them."""
    rows = await connection.fetch(
        "select code, matched, confirmed from suggestion_rule where matched is not null"
    )
    return {row["code"]: Measured(row["matched"], row["confirmed"]) for row in rows}


async def note_measured(connection: asyncpg.Connection[Any], measured: Mapping[str, Measured]) -> None:
    """Write down how the rules fared."""
    await connection.executemany(
        "update suggestion_rule set matched = $2, confirmed = $3 where code = $1",
        [(code, fared.matched, fared.confirmed) for code, fared in measured.items()],
    )


async def list_rules(connection: AsyncConnection) -> list[RowMapping]:
    """All rules, enabled or not, by id."""
    query = (
        select(*_COLUMNS)
        .join_from(suggestion_rule, scene)
        .where(~suggestion_rule.c.removed)
        .order_by(suggestion_rule.c.id)
    )
    return list((await connection.execute(query)).mappings())


async def read_rule(connection: AsyncConnection, rule_id: int, *, for_update: bool = False) -> RowMapping:
    """One rule.

    Raises:
        NotFoundError: There is none of that number.
    """
    query = (
        select(*_COLUMNS)
        .join_from(suggestion_rule, scene)
        .where(suggestion_rule.c.id == rule_id, ~suggestion_rule.c.removed)
    )
    if for_update:
        query = query.with_for_update(of=suggestion_rule)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such rule.")
    return row


async def add_rule(
    connection: AsyncConnection, clock: Clock, account_id: int, values: Mapping[str, Any]
) -> int:
    """Add a rule and return its id.

    Raises:
        InvalidInputError: Its scene, a layer or a road class does not exist.
        ConflictError: There is one of that code, or there are too many.
    """
    stored = await _stored(connection, values)
    count = select(func.count()).select_from(suggestion_rule).where(~suggestion_rule.c.removed)
    if (await connection.execute(count)).scalar_one() >= MOST_RULES:
        raise ConflictError(f"There are {MOST_RULES} rules already.", remedy="Remove or join some.")
    row = {**stored, "updated_at": clock.now(), "updated_by": account_id or None}
    statement = upsert(suggestion_rule).values(**row, removed=False)
    # A rule that was removed may be written anew under its code.
    statement = statement.on_conflict_do_update(
        index_elements=["code"],
        set_={
            **dict.fromkeys(("matched", "confirmed")),
            **row,
            "removed": False,
            "version": suggestion_rule.c.version + 1,
        },
        where=suggestion_rule.c.removed,
    )
    rule_id = (await connection.execute(statement.returning(suggestion_rule.c.id))).scalar_one_or_none()
    if rule_id is None:
        raise ConflictError(
            f"There is a rule {values['code']!r} already.", remedy="Edit it, or pick another code."
        )
    return int(rule_id)


async def edit_rule(
    connection: AsyncConnection, clock: Clock, account_id: int, rule_id: int, values: Mapping[str, Any]
) -> None:
    """Change what ``values`` names; the caller has compared the version.

    Raises:
        InvalidInputError: As for :func:`add_rule`.
    """
    stored = await _stored(connection, values)
    await connection.execute(
        update(suggestion_rule)
        .where(suggestion_rule.c.id == rule_id)
        .values(
            **stored,
            matched=None,
            confirmed=None,
            version=suggestion_rule.c.version + 1,
            updated_at=clock.now(),
            updated_by=account_id or None,
        )
    )


async def remove_rule(connection: AsyncConnection, clock: Clock, account_id: int, rule_id: int) -> None:
    """Remove a rule; its row stays, so that suggestions it made can say why."""
    await edit_rule(connection, clock, account_id, rule_id, {"enabled": False, "removed": True})


async def _stored(connection: AsyncConnection, values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` as columns, what they refer to looked up."""
    stored = {key: value for key, value in values.items() if key not in {"scene", "conditions"}}
    if "scene" in values:
        found = select(scene.c.id).where(scene.c.code == values["scene"])
        stored["scene_id"] = (await connection.execute(found)).scalar_one_or_none()
        if stored["scene_id"] is None:
            raise InvalidInputError(
                f"scene: there is no scene {values['scene']!r}.",
                remedy="The list of scenes names their codes.",
            )
    if "conditions" in values:
        conditions: Conditions = values["conditions"]
        layers = set((await connection.execute(select(point_layer.c.code))).scalars())
        classes = set((await connection.execute(select(road.c.road_class).distinct())).scalars())
        _require_known("layers", conditions.layers, layers)
        _require_known("road_classes", conditions.road_classes, classes | set(ROAD_CLASSES))
        stored["conditions"] = conditions.as_json()
    return stored


def _require_known(name: str, asked: Sequence[str], known: set[str]) -> None:
    unknown = [word for word in asked if word not in known]
    if unknown:
        raise InvalidInputError(f"conditions.{name}: there is no {unknown[0]!r}.")
