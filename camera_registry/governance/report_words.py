"""The words of the report, in both languages."""

from __future__ import annotations

from camera_registry.exporting.request import Language

_WORDS = {
    "title": ("视频资源治理报告", "Video resource governance report"),
    "about": ("范围", "About"),
    "made": ("生成时间", "Made"),
    "assessed": ("评估时间", "Assessed"),
    "never": ("尚未评估", "not yet"),
    "overview": ("概览", "Overview"),
    "units": ("辖区", "Units"),
    "scenes": ("场景", "Scenes"),
    "owners": ("部门", "Owners"),
    "trends": ("趋势", "Trends"),
    "rules": ("规则", "Rules"),
    "worklist": ("整改清单", "Work list"),
    "definitions": ("口径", "Definitions"),
    "cameras": ("摄像机", "Cameras"),
    "score": ("平均得分", "Mean score"),
    "faults": ("未整改问题", "Open faults"),
    "rank": ("排名", "Rank"),
    "name": ("名称", "Name"),
    "indicator": ("指标", "Indicator"),
    "rate": ("比率", "Rate"),
    "threshold": ("达标线", "Passes from"),
    "meets": ("结论", "Result"),
    "checked": ("已检测", "Checked"),
    "passed": ("合格", "Passed"),
    "not-checked": ("未检测", "Not checked"),
    "checked-share": ("检测覆盖率", "Share checked"),
    "yes": ("达标", "passes"),
    "no": ("不达标", "fails"),
    "unknown": ("未检测", "not checked"),
    "band": ("得分段", "Scores"),
    "rule": ("规则", "Rule"),
    "severity": ("等级", "Severity"),
    "weight": ("扣分", "Points"),
    "required": ("必备", "Required"),
    "open": ("未整改", "Open"),
    "share": ("占比", "Share"),
    "duty": ("责任", "Duty"),
    "remedy": ("整改办法", "Remedy"),
    "formula": ("公式", "Formula"),
    "day": ("日期", "Day"),
    "camera": ("摄像机", "Camera"),
    "code": ("设备编码", "Device id"),
    "unit": ("辖区", "Unit"),
    "owner": ("所属部门", "Owner"),
    "address": ("安装地址", "Address"),
    "reason": ("问题", "Reason"),
    "responsible": ("整改责任方", "To be mended by"),
    "since": ("发现日期", "Found on"),
    "unreported": ("（未填）", "(not reported)"),
    "yes-word": ("是", "yes"),
    "no-word": ("否", "no"),
    "duty-unit": ("辖区单位", "unit"),
    "duty-owner": ("产权部门", "owner"),
    "duty-maintainer": ("运维单位", "maintainer"),
    "duty-platform": ("市级平台", "platform"),
    "no-trend": ("这一范围没有逐日记录", "There is no daily record of this range."),
    "note-checked": (
        "“未检测”单列，不计入合格；比率只在已检测的摄像机中计算。",
        "What was not checked is told apart and never counts as a pass; rates are of the checked alone.",
    ),
    "note-score": (
        "得分 = 100 − 未整改问题的扣分之和，最低 0 分；豁免期内的问题不扣分。",
        "Score = 100 less the points of the open faults, at least 0; an excused fault costs none.",
    ),
    "note-online": (
        "在线率目前按最近一次看图的结果计算，是路数之比，不是时长之比。",
        "The online rate is, for now, of the last look at each camera: a share of cameras, not of seconds.",
    ),
    "note-rank": ("按档案合格率排名。", "Ranked by record completeness."),
    "note-small": ("少于 {n} 路的不参与排名。", "Groups of fewer than {n} cameras are not ranked."),
    "note-scenes": (
        "一路摄像机可服务多个场景，各场景之和可能大于合计。",
        "A camera may serve several scenes; they may add up to more than the total.",
    ),
    "note-cut": (
        "此处列出 {shown} 条，共 {all} 条；完整清单请导出：dengta governance worklist",
        "{shown} of {all} are listed here; for the whole list: dengta governance worklist",
    ),
    "note-more": ("另有 {n} 项未列出（路数最少的）。", "{n} more are not listed: the smallest."),
    "total": ("合计", "Total"),
}


def word(key: str, language: Language, **parts: object) -> str:
    """A word, with what stands in it."""
    chinese, english = _WORDS[key]
    return (chinese if language is Language.CHINESE else english).format(**parts)
