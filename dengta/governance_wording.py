"""What governance found, for people at a terminal, in Chinese and English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from camera_registry.governance.assess import Assessment
    from camera_registry.governance.compare import Comparison
    from camera_registry.governance.rules import RuleBook

MOST_RULES = 15


def show_assessment(console: Console, summary: Assessment, book: RuleBook, compared: Comparison) -> None:
    """What an assessment came to: key figures, indicators, the most frequent faults, the units."""
    score = "–" if summary.mean_score is None else f"{summary.mean_score:.1f}"
    console.print(
        f"{summary.day} 评估 assessed {summary.cameras:,} 路 cameras in {summary.seconds:.1f} s: "
        f"平均得分 mean score {score}, 未整改 open faults {summary.faults:,} "
        f"(新增 new {summary.found:,}, 已整改 mended {summary.mended:,}, 豁免 excused {summary.excused:,})",
        highlight=False,
    )
    console.print(indicator_table(book, compared))
    console.print(rule_table(book, compared))
    console.print(unit_table(book, compared))


def indicator_table(book: RuleBook, compared: Comparison) -> Table:
    """The indicators; what was not checked stands apart."""
    table = Table("指标 indicator", box=None, pad_edge=False)
    for heading in ("比率 rate", "达标线 passes from", "已检测 checked", "合格 passed", "未检测 not checked"):
        table.add_column(heading, justify="right")
    total = compared.total
    for indicator in book.indicators.values():
        done = total.of(indicator.code)
        rate = done.rate(indicator)
        colour = {None: "dim", True: "green", False: "red"}[done.meets(indicator)]
        table.add_row(
            f"{indicator.title} {indicator.title_en}",
            f"[{colour}]{'–' if rate is None else f'{rate:.1%}'}[/]",
            f"{indicator.threshold:.0%}",
            f"{done.checked:,}",
            f"{done.passed:,}",
            f"{total.cameras - done.checked:,}",
        )
    return table


def rule_table(book: RuleBook, compared: Comparison) -> Table:
    """The rules that find most."""
    table = Table("规则 rule", "等级 severity", box=None, pad_edge=False)
    table.add_column("未整改 open", justify="right")
    counts = compared.total.faults
    found = sorted((rule for rule in book.rules.values() if rule.id in counts), key=lambda r: -counts[r.id])
    for rule in found[:MOST_RULES]:
        table.add_row(f"{rule.title} {rule.title_en}", str(rule.severity), f"{counts[rule.id]:,}")
    if len(found) > MOST_RULES:
        table.caption = f"{len(found) - MOST_RULES} more: dengta governance report"
    return table


def unit_table(book: RuleBook, compared: Comparison) -> Table:
    """The units; those too small to be ranked have no rank."""
    table = Table("辖区 unit", box=None, pad_edge=False)
    for heading in ("排名 rank", "摄像机 cameras", "平均得分 score", "档案合格率 records", "未整改 open"):
        table.add_column(heading, justify="right")
    record = book.indicators["record"]
    for group in sorted(compared.groups, key=lambda g: (g.rank is None, g.rank or 0)):
        rate = group.tally.of("record").rate(record)
        score = group.tally.mean_score
        table.add_row(
            f"{group.title} {group.title_en}".strip(),
            "–" if group.rank is None else str(group.rank),
            f"{group.tally.cameras:,}",
            "–" if score is None else f"{score:.1f}",
            "–" if rate is None else f"{rate:.1%}",
            f"{sum(group.tally.faults.values()):,}",
        )
    return table
