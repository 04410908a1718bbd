"""Faults as people read them: what is wrong with which camera, since when, what to do, whose task it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from camera_registry.exporting.request import Language
from camera_registry.governance.meant import meant
from camera_registry.governance.score import EXCUSED, MENDED, OPEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import asyncpg

    from camera_registry.governance.meant import Cameras
    from camera_registry.governance.rules import Duty, Rule, RuleBook
    from models.scope import Scope

State = Literal["open", "excused", "mended"]

STATES: Mapping[State, int] = {"open": OPEN, "excused": EXCUSED, "mended": MENDED}
_NAMES: Mapping[int, State] = {number: name for name, number in STATES.items()}

PLATFORM = {Language.CHINESE: "市级平台", Language.ENGLISH: "the city's platform"}
NOBODY = {Language.CHINESE: "辖区不明", Language.ENGLISH: "no unit"}


@dataclass(frozen=True, slots=True)
class FaultFilter:
    """Which faults of the cameras that are meant; what is empty lets all through, and all parts must hold.

    Attributes:
        rules: Codes of rules.
        families: Families of rules.
        severities: Severities of rules.
        duties: Who has to mend them.
        required: Whether record completeness asks for the rule; None for both.
        states: What became of them.
    """

    rules: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()
    duties: tuple[Duty, ...] = ()
    required: bool | None = None
    states: tuple[State, ...] = ("open",)

    def rule_ids(self, book: RuleBook) -> list[int]:
        """The numbers of the rules that are meant."""
        return [rule.id for rule in book.rules.values() if self._means(rule)]

    def _means(self, rule: Rule) -> bool:
        return (
            (not self.rules or rule.code in self.rules)
            and (not self.families or rule.family in self.families)
            and (not self.severities or rule.severity in self.severities)
            and (not self.duties or rule.duty in self.duties)
            and (self.required is None or rule.required is self.required)
        )

    @property
    def state_numbers(self) -> list[int]:
        """The states as they are stored."""
        return [STATES[state] for state in self.states or STATES]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one camera.

    Attributes:
        camera_id: Its row.
        camera_code: Its device id.
        camera_name: Its name.
        address: Where it is.
        owner: Whose it is.
        maintainer: Who mends it.
        unit_code: The unit it stands in, or None.
        unit_name: That unit's name.
        jurisdiction: That unit's name, or that of the district its codes name where it stands in none.
        rule: What it was asked.
        value: What stands there; None where nothing does, or nobody may see it.
        other_id: A camera that it clashes with, if the asker may see it.
        other_name: That camera's name.
        state: What became of it.
        since: When it was found.
        mended_at: When it was found to be gone.
        excuse: Why it may stay.
        excused_until: Until when.
        excused_by: Who said so.
    """

    camera_id: int
    camera_code: str | None
    camera_name: str
    address: str | None
    owner: str | None
    maintainer: str | None
    unit_code: str | None
    unit_name: str | None
    jurisdiction: str | None
    rule: Rule
    value: str | None
    other_id: int | None
    other_name: str | None
    state: State
    since: datetime
    mended_at: datetime | None
    excuse: str | None
    excused_until: datetime | None
    excused_by: str | None

    def responsible(self, language: Language = Language.CHINESE) -> str:
        """Who has to mend it: the nearest that is known to the one whose duty it is."""
        unit = self.jurisdiction or NOBODY[language]
        if self.rule.duty == "platform":
            return PLATFORM[language]
        if self.rule.duty == "maintainer" and self.maintainer:
            return self.maintainer
        if self.rule.duty in {"maintainer", "owner"} and self.owner:
            return self.owner
        return unit

    def reason(self, language: Language = Language.CHINESE) -> str:
        """What is wrong."""
        words = self.rule.reason_for(self.value, language)
        if self.other_name is None:
            return words
        told = f"{self.other_name} (#{self.other_id})"
        return f"{words}：{told}" if language is Language.CHINESE else f"{words}: {told}"


NAMED = """
select d.name from organisation d
 where u.id is null and d.level = 1
   and left(d.civil_code, 6) in (left(camera.code, 6), left(camera.civil_code, 6))
 order by left(d.civil_code, 6) = left(camera.code, 6) desc
 limit 1
"""
"""The district that a camera without a unit, ``u``, is told by its codes to belong to."""

_FAULTS = """
select f.camera_id, f.rule_id, f.state, f.value, f.since, f.mended_at, f.excuse, f.excused_until,
       a.username as excused_by, other.id as other_id, other.name as other_name,
       camera.code, camera.name, camera.address, camera.owner, camera.maintainer,
       u.code as unit_code, u.name as unit_name, coalesce(u.name, named.name) as jurisdiction
  from camera_fault f
  join camera on camera.id = f.camera_id
  left join organisation u on u.id = camera.unit_id
  left join lateral ({named}) named on true
  left join account a on a.id = f.excused_by
  left join camera other on other.id = f.other_id and other.sensitivity <= $1
                        and ($2 or other.unit_tree between $3 and $4)
 where f.rule_id = any($5::smallint[]) and f.state = any($6::smallint[])
   and (f.camera_id, f.rule_id) > ($7, $8) and {condition}
 order by f.camera_id, f.rule_id
 limit $9
"""

_FIRST = 10
"""Number of the first parameter of the condition."""


async def list_faults(  # noqa: PLR0913 - a page of a filtered list has these parts
    connection: asyncpg.Connection[Any],
    book: RuleBook,
    scope: Scope,
    cameras: Cameras,
    wanted: FaultFilter,
    *,
    after: tuple[int, int] = (0, 0),
    limit: int,
) -> list[Fault]:
    """Faults of cameras within ``scope``, by camera and rule, after that one."""
    condition, parameters = meant(scope, cameras, first=_FIRST)
    rows = await connection.fetch(
        _FAULTS.format(condition=condition, named=NAMED),
        *(scope.max_sensitivity, scope.whole_city, scope.tree_left, scope.tree_right),
        *(wanted.rule_ids(book), wanted.state_numbers, *after, limit, *parameters),
    )
    rules = book.by_id
    return [_fault(row, rules) for row in rows if row["rule_id"] in rules]


def _fault(row: asyncpg.Record, rules: Mapping[int, Rule]) -> Fault:
    return Fault(
        camera_id=row["camera_id"],
        camera_code=row["code"],
        camera_name=row["name"],
        rule=rules[row["rule_id"]],
        state=_NAMES[row["state"]],
        **{
            name: row[name]
            for name in (
                *("address", "owner", "maintainer", "unit_code", "unit_name", "jurisdiction", "value"),
                *("other_id", "other_name", "since", "mended_at", "excuse", "excused_until", "excused_by"),
            )
        },
    )
