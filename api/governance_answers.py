"""What governance found, as it goes over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.schemas import CameraRef, UnitRef
from api.schemas_governance import (
    CameraGovernance,
    Excuse,
    FaultRecord,
    GovernanceRow,
    IndicatorAnswer,
    IndicatorRecord,
    IndicatorResult,
    RuleAnswer,
    RuleCount,
    RuleRecord,
    RuleRef,
    RuleThreshold,
    ScoredCamera,
    SettingRecord,
)
from camera_registry.exporting.request import Language

if TYPE_CHECKING:
    from api.governance_links import Links
    from api.schemas_governance import Count, Outcome
    from camera_registry.governance.examine import Examined
    from camera_registry.governance.faults import Fault
    from camera_registry.governance.rules import Indicator, Rule, RuleBook, Setting
    from camera_registry.governance.scored import Scored
    from camera_registry.governance.tally import Tally

DIGITS = 6
"""Decimals of a rate: what a quotient has beyond them is noise."""


def indicator_results(book: RuleBook, tally: Tally, links: Links) -> list[IndicatorResult]:
    """Each indicator of a set of cameras."""
    return [_indicator_result(indicator, tally, links) for indicator in book.indicators.values()]


def _indicator_result(indicator: Indicator, tally: Tally, links: Links) -> IndicatorResult:
    done = tally.of(indicator.code)
    rate = done.rate(indicator)
    return IndicatorResult(
        code=indicator.code,
        title=indicator.title,
        title_en=indicator.title_en,
        rate=None if rate is None else round(rate, DIGITS),
        checked_share=round(done.checked / tally.cameras, DIGITS) if tally.cameras else 0.0,
        threshold=indicator.threshold,
        meets=done.meets(indicator),
        passed=links.cameras(done.passed, indicator=indicator.code, outcome="passed"),
        failed=links.cameras(done.checked - done.passed, indicator=indicator.code, outcome="failed"),
        not_checked=links.cameras(
            tally.cameras - done.checked, indicator=indicator.code, outcome="not-checked"
        ),
    )


def rule_counts(book: RuleBook, tally: Tally, links: Links) -> list[RuleCount]:
    """The rules that find something, the most severe first."""
    found = [rule for rule in book.rules.values() if rule.id in tally.faults or rule.id in tally.excuses]
    return [
        RuleCount(
            code=rule.code,
            title=rule.title,
            title_en=rule.title_en,
            family=rule.family,
            severity=rule.severity,
            required=rule.required,
            open=links.faults(tally.faults.get(rule.id, 0), rule=rule.code),
            excused=links.faults(tally.excuses.get(rule.id, 0), rule=rule.code, fate="excused"),
        )
        for rule in sorted(found, key=lambda rule: (rule.severity, -tally.faults.get(rule.id, 0), rule.id))
    ]


def governance_row(  # noqa: PLR0913 - a row has these parts
    book: RuleBook,
    tally: Tally,
    links: Links,
    *,
    key: str,
    title: str,
    title_en: str,
    rank: int | None = None,
) -> GovernanceRow:
    """One row of a comparison."""
    return GovernanceRow(
        key=key,
        title=title,
        title_en=title_en,
        cameras=links.cameras(tally.cameras),
        mean_score=mean(tally),
        faults=links.faults(sum(tally.faults.values())),
        indicators=indicator_results(book, tally, links),
        small=tally.cameras < book.setting("ranked-from"),
        rank=rank,
    )


def mean(tally: Tally) -> float | None:
    """The mean score, as it is told."""
    return None if tally.mean_score is None else round(tally.mean_score, 2)


def rule_ref(rule: Rule) -> RuleRef:
    """A rule, shortly."""
    return RuleRef(
        code=rule.code,
        title=rule.title,
        title_en=rule.title_en,
        severity=rule.severity,
        weight=rule.weight,
        required=rule.required,
    )


def fault_record(fault: Fault) -> FaultRecord:
    """One fault."""
    return FaultRecord(
        camera=CameraRef(id=fault.camera_id, name=fault.camera_name),
        camera_code=fault.camera_code,
        unit=unit_ref(fault.unit_code, fault.unit_name),
        owner=fault.owner,
        address=fault.address,
        rule=rule_ref(fault.rule),
        field=fault.rule.field,
        value=fault.value,
        reason=fault.reason(),
        reason_en=fault.reason(Language.ENGLISH),
        remedy=fault.rule.remedy,
        remedy_en=fault.rule.remedy_en,
        duty=fault.rule.duty,
        responsible=fault.responsible(),
        other=other_of(fault),
        state=fault.state,
        since=fault.since,
        mended_at=fault.mended_at,
        excuse=excuse_of(fault),
    )


def other_of(fault: Fault) -> CameraRef | None:
    """The camera that it clashes with."""
    if fault.other_id is None or fault.other_name is None:
        return None
    return CameraRef(id=fault.other_id, name=fault.other_name)


def excuse_of(fault: Fault) -> Excuse | None:
    """Why it may stay."""
    if fault.excuse is None or fault.excused_until is None:
        return None
    return Excuse(reason=fault.excuse, until=fault.excused_until, by=fault.excused_by)


def unit_ref(code: str | None, name: str | None) -> UnitRef | None:
    """A unit, shortly."""
    return None if code is None else UnitRef(code=code, name=name or "")


def scored_camera(scored: Scored) -> ScoredCamera:
    """A camera and what its record is worth."""
    return ScoredCamera(
        id=scored.id,
        code=scored.code,
        name=scored.name,
        owner=scored.owner,
        unit=unit_ref(scored.unit_code, scored.unit_name),
        score=scored.score,
        passed=scored.passed,
        excused=scored.excused,
        faults=scored.faults,
    )


def rule_record(rule: Rule, opened: Count) -> RuleRecord:
    """A rule in full, and how many faults of it are open."""
    limit = rule.threshold
    return RuleRecord(
        **rule_ref(rule).model_dump(),
        family=rule.family,
        field=rule.field,
        reason=rule.reason,
        reason_en=rule.reason_en,
        remedy=rule.remedy,
        remedy_en=rule.remedy_en,
        duty=rule.duty,
        enabled=rule.enabled,
        threshold=None
        if limit is None
        else RuleThreshold(value=limit.value, least=limit.least, most=limit.most, unit=limit.unit),
        version=rule.version,
        open=opened,
    )


def camera_governance(book: RuleBook, found: Examined) -> CameraGovernance:
    """One camera under all rules, faults first."""
    faults = {fault.rule.code: fault for fault in found.faults}
    rules = sorted(book.enabled, key=lambda rule: (rule.code not in faults, rule.severity, rule.id))
    return CameraGovernance(
        camera=CameraRef(id=found.camera_id, name=found.name),
        score=found.score,
        passed=found.passed,
        answers=[rule_answer(rule, faults.get(rule.code), found) for rule in rules],
        indicators=[
            IndicatorAnswer(
                code=indicator.code,
                title=indicator.title,
                title_en=indicator.title_en,
                outcome=_outcome(found.checks.get(indicator.code)),
                value=found.checks[indicator.code][1] if indicator.code in found.checks else None,
            )
            for indicator in book.indicators.values()
        ],
    )


def _outcome(check: tuple[bool, float] | None) -> Outcome:
    return "not-checked" if check is None else "passed" if check[0] else "failed"


def rule_answer(rule: Rule, fault: Fault | None, found: Examined) -> RuleAnswer:
    """What one record answers to one rule."""
    if fault is None:
        return RuleAnswer(rule=rule_ref(rule), field=rule.field, result="passed", other=None, excuse=None)
    return RuleAnswer(
        rule=rule_ref(rule),
        field=rule.field,
        result="excused" if fault.state == "excused" else "open",
        value=fault.value,
        reason=fault.reason(),
        reason_en=fault.reason(Language.ENGLISH),
        remedy=rule.remedy,
        remedy_en=rule.remedy_en,
        responsible=fault.responsible(),
        other=other_of(fault),
        since=None if rule.id in found.fresh else fault.since,
        excuse=excuse_of(fault),
    )


def indicator_record(indicator: Indicator) -> IndicatorRecord:
    """An indicator in full."""
    names = IndicatorRecord.model_fields
    return IndicatorRecord(**{name: getattr(indicator, name) for name in names})


def setting_record(setting: Setting) -> SettingRecord:
    """A setting in full."""
    return SettingRecord(**{name: getattr(setting, name) for name in SettingRecord.model_fields})
