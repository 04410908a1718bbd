"""What records are judged by: rules, indicators and settings, all of them data that a city edits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import orjson

from base.errors import SetupError
from camera_registry.exporting.request import Language

if TYPE_CHECKING:
    from collections.abc import Mapping

    import asyncpg

Duty = Literal["unit", "owner", "maintainer", "platform"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that a rule compares with.

    Attributes:
        value: What it is.
        least: Smallest that it may be set to.
        most: Largest that it may be set to.
        unit: What it counts, e.g. ``days``.
    """

    value: float
    least: float
    most: float
    unit: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A question that every record is asked; a fault is a record that answers it wrongly.

    Attributes:
        id: Its number in ``camera_fault``.
        code: Its stable name; :mod:`camera_registry.governance.checks` knows how it is told.
        family: identity, record, place, duplicate, naming, stream or freshness.
        field: The field of the record that is to be mended.
        title: In Chinese.
        title_en: In English.
        reason: What is wrong, in Chinese; ``{value}`` and ``{threshold}`` stand in it.
        reason_en: The same in English.
        remedy: What to do, in Chinese.
        remedy_en: In English.
        weight: Points of 100 that a fault costs.
        severity: 1 highest to 4.
        required: Whether record completeness asks for it.
        duty: Who has to mend it.
        enabled: Whether it is asked at all.
        threshold: What it compares with, or None.
        version: Counts edits.
    """

    id: int
    code: str
    family: str
    field: str
    title: str
    title_en: str
    reason: str
    reason_en: str
    remedy: str
    remedy_en: str
    weight: float
    severity: int
    required: bool
    duty: Duty
    enabled: bool
    threshold: Threshold | None = None
    version: int = 1

    def title_in(self, language: Language) -> str:
        """Its title."""
        return self.title if language is Language.CHINESE else self.title_en

    def remedy_in(self, language: Language) -> str:
        """What to do."""
        return self.remedy if language is Language.CHINESE else self.remedy_en

    def reason_for(self, value: str | None, language: Language = Language.CHINESE) -> str:
        """What is wrong with a record that holds ``value``."""
        words = self.reason if language is Language.CHINESE else self.reason_en
        limit = f"{self.threshold.value:g}" if self.threshold else ""
        # Not str.format: a value may hold braces of its own.
        return words.replace("{threshold}", limit).replace("{value}", value or "")


@dataclass(frozen=True, slots=True)
class Indicator:
    """A rate that a city is measured by.

    Attributes:
        code: online, record, picture, clock, caption or recording.
        position: Its place in a table.
        title: In Chinese.
        title_en: In English.
        formula: What it is, in Chinese.
        formula_en: In English.
        measure: ``share`` of the checked cameras that pass, or ``mean`` of what each of them reached.
        threshold: Least rate that passes, 0 to 1.
        valid_hours: A check that is older counts as none.
        version: Counts edits.
    """

    code: str
    position: int
    title: str
    title_en: str
    formula: str
    formula_en: str
    measure: Literal["share", "mean"]
    threshold: float
    valid_hours: int
    version: int = 1

    def title_in(self, language: Language) -> str:
        """Its title."""
        return self.title if language is Language.CHINESE else self.title_en

    def formula_in(self, language: Language) -> str:
        """What it is."""
        return self.formula if language is Language.CHINESE else self.formula_en


@dataclass(frozen=True, slots=True)
class Setting:
    """Something else that a city decides; the attributes are the columns of ``governance_setting``."""

    code: str
    title: str
    title_en: str
    value: float
    least: float
    most: float
    unit: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All that an assessment goes by.

    Attributes:
        rules: By code, in their order.
        indicators: By code, in their order.
        settings: By code.
    """

    rules: Mapping[str, Rule]
    indicators: Mapping[str, Indicator]
    settings: Mapping[str, Setting]

    @property
    def enabled(self) -> tuple[Rule, ...]:
        """The rules that are asked."""
        return tuple(rule for rule in self.rules.values() if rule.enabled)

    @property
    def by_id(self) -> dict[int, Rule]:
        """The rules by their numbers."""
        return {rule.id: rule for rule in self.rules.values()}

    @property
    def version(self) -> int:
        """Grows with every edit of a rule."""
        return sum(rule.version for rule in self.rules.values())

    def setting(self, code: str) -> float:
        """The value of a setting."""
        return self.settings[code].value


@cache
def presets() -> RuleBook:
    """What the product brings.

    Raises:
        SetupError: The installation lacks its data file.
    """
    name = "governance_rules.json"
    try:
        text = resources.files("models").joinpath("data", name).read_bytes()
    except OSError as err:
        raise SetupError(
            f"The installation lacks models/data/{name}.", remedy="Install Dengta again."
        ) from err
    held: dict[str, list[dict[str, Any]]] = orjson.loads(text)
    return RuleBook(
        {row["code"]: _preset(row) for row in held["rules"]},
        {row["code"]: Indicator(position=n, **row) for n, row in enumerate(held["indicators"], start=1)},
        {row["code"]: Setting(**row) for row in held["settings"]},
    )


def _preset(row: dict[str, Any]) -> Rule:
    threshold = row["threshold"]
    return Rule(**{**row, "threshold": Threshold(**threshold) if threshold else None})


_INSERT_RULE = """
insert into governance_rule (id, code, family, field, title, title_en, reason, reason_en, remedy, remedy_en,
                             weight, severity, required, duty, enabled,
                             threshold, threshold_least, threshold_most, threshold_unit)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
on conflict do nothing
"""

_INSERT_INDICATOR = """
insert into governance_indicator
       (code, position, title, title_en, formula, formula_en, measure, threshold, valid_hours)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing
"""

_INSERT_SETTING = """
insert into governance_setting (code, title, title_en, value, least, most, unit)
values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
"""


async def load_rules(connection: asyncpg.Connection[Any]) -> None:
    """Insert the presets that are missing; a row that is there is the city's own and stays as it is."""
    book = presets()
    await connection.executemany(_INSERT_RULE, [_rule_row(rule) for rule in book.rules.values()])
    await connection.executemany(
        _INSERT_INDICATOR,
        [
            (
                i.code,
                i.position,
                i.title,
                i.title_en,
                i.formula,
                i.formula_en,
                i.measure,
                i.threshold,
                i.valid_hours,
            )
            for i in book.indicators.values()
        ],
    )
    await connection.executemany(
        _INSERT_SETTING,
        [(s.code, s.title, s.title_en, s.value, s.least, s.most, s.unit) for s in book.settings.values()],
    )


def _rule_row(rule: Rule) -> tuple[object, ...]:
    limit = rule.threshold
    bounds = (limit.value, limit.least, limit.most, limit.unit) if limit else (None, None, None, "")
    return (
        *(
            rule.id,
            rule.code,
            rule.family,
            rule.field,
            rule.title,
            rule.title_en,
            rule.reason,
            rule.reason_en,
        ),
        *(rule.remedy, rule.remedy_en, rule.weight, rule.severity, rule.required, rule.duty, rule.enabled),
        *bounds,
    )


async def read_rules(connection: asyncpg.Connection[Any]) -> RuleBook:
    """What the city goes by: its own rows, and the presets for what it has none of."""
    book = presets()
    rules, indicators, settings = dict(book.rules), dict(book.indicators), dict(book.settings)
    for row in await connection.fetch("select * from governance_rule"):
        if row["code"] in rules:  # a rule that a newer version of the product knows is not ours to judge by
            rules[row["code"]] = _rule_of(row)
    for row in await connection.fetch("select * from governance_indicator"):
        if row["code"] in indicators:
            indicators[row["code"]] = Indicator(**{k: v for k, v in row.items() if k != "updated_at"})
    for row in await connection.fetch("select * from governance_setting"):
        if row["code"] in settings:
            settings[row["code"]] = Setting(**{k: v for k, v in row.items() if k != "updated_at"})
    return RuleBook(rules, indicators, settings)


def _rule_of(row: asyncpg.Record) -> Rule:
    bounds = (row["threshold"], row["threshold_least"], row["threshold_most"], row["threshold_unit"])
    columns = {k: v for k, v in row.items() if not k.startswith("threshold") and k != "updated_at"}
    return Rule(**columns, threshold=None if row["threshold"] is None else Threshold(*bounds))


def with_rule(book: RuleBook, rule: Rule) -> RuleBook:
    """The book with one rule changed."""
    return replace(book, rules={**book.rules, rule.code: rule})
