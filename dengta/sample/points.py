"""The sample city's points of interest in 38 layers, and the sites that only cameras know of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dengta.sample.names import DISTRICTS, ESTATE_STEMS, FIRM_STEMS, NUMERALS, VILLAGE_STEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dengta.sample.geography import Unit
    from dengta.sample.places import Places
    from dengta.sample.plane import Floats
    from dengta.sample.roads import Road

    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Kind:
    """A kind of place.

    Attributes:
        layer: Its point layer, or 0 for what only cameras look at.
        share: How many there are, relative to the other kinds.
        where: junction, street, highway, shore, valley or hill.
        names: Patterns; {d} district, {t} township, {r} road, {v} village, {f} firm, {e} estate, {n} numeral.
        spots: Where on the site cameras hang.
        cameras: How many cameras look at one, relative to other kinds.
        scene: Which scene those serve, or 0.
        owner: The department that owns them.
        industry: Digits 9 and 10 of their ids.
    """

    layer: int
    share: float
    where: str
    names: tuple[str, ...]
    spots: tuple[str, ...]
    cameras: float
    scene: int
    owner: str
    industry: int


_GATES = ("正门", "东门", "西门", "南门", "北门", "门前道路")
_YARD = ("大门", "院内", "东北角", "西南角", "围墙南侧", "值班室门口")
_ROAD = ("", "来车方向", "去车方向")

KINDS = (
    Kind(1, 500, "highway", ("{r}{t}段", "{r}重点路段"), _ROAD, 1, 2, "公安局交警支队", 4),
    Kind(2, 620, "highway", ("{v}大桥", "{r}{v}桥", "{t}河桥"), ("桥头东", "桥头西", "桥面", "桥下"), 3, 4,
         "交通运输局", 5),
    Kind(3, 60, "highway", ("{v}隧道", "{t}隧道"), ("入口", "出口", "洞内1号", "洞内2号"), 8, 4,
         "交通运输局", 5),
    Kind(4, 160, "street", ("{t}汽车站", "{t}客运站", "{d}火车站", "{t}公交总站"),
         ("进站口", "出站口", "候车厅", "站前广场", "售票厅"), 12, 1, "交通运输局", 5),
    Kind(5, 2, "valley", ("{d}机场", "{d}通用机场"), ("航站楼入口", "到达层", "出发层", "停车场"), 60, 1,
         "机场集团", 12),
    Kind(6, 130, "shore", ("{v}港", "{t}渔港", "{v}码头", "{t}客运码头"),
         ("泊位东", "泊位西", "防波堤", "堆场", "入口"), 8, 19, "海洋发展和渔业局", 14),
    Kind(7, 1500, "street", ("{r}停车场", "{e}停车场", "{t}公共停车场"), ("入口", "出口", "场内"), 1.2, 22,
         "城市管理局", 8),
    Kind(8, 900, "highway", ("{r}清雪路段", "{r}{t}清雪路段"), _ROAD, 2.5, 5, "城市管理局", 8),
    Kind(9, 700, "hill", ("{v}坡道", "{r}弯道", "{v}岭坡道"), ("坡顶", "坡底", "弯道外侧"), 1.6, 5,
         "公安局交警支队", 4),
    Kind(10, 160, "street", ("{t}融雪物资点",), _YARD, 0.5, 0, "城市管理局", 8),
    Kind(11, 120, "street", ("{t}清雪设备点",), _YARD, 0.5, 0, "城市管理局", 8),
    Kind(12, 520, "street", ("{r}{v}易涝点", "{r}下穿易涝点", "{r}低洼路段"), _ROAD, 3, 6, "城市管理局", 8),
    Kind(13, 260, "valley", ("{t}排水泵站", "{v}泵站"), ("泵房", "进水口", "大门"), 1.5, 6, "水务局", 53),
    Kind(14, 7200, "street", ("{r}{n}号井", "{r}雨水井{n}", "{r}污水井{n}"), ("",), 0.12, 7, "城市管理局",
         8),
    Kind(15, 110, "valley", ("{t}污水处理厂", "{f}水务"), ("进水口", "曝气池", "排放口", "大门"), 5, 20,
         "生态环境局", 9),
    Kind(16, 380, "street", ("{t}垃圾转运站", "{v}垃圾转运站"), ("入口", "压缩间", "门前"), 2, 21,
         "城市管理局", 8),
    Kind(17, 1400, "street", ("{r}公厕", "{v}公厕"), ("门前",), 0.3, 21, "城市管理局", 8),
    Kind(18, 240, "street", ("{t}供热站", "{e}换热站"), _YARD, 1.5, 14, "住房和城乡建设局", 43),
    Kind(19, 320, "valley", ("{f}化工有限公司", "{f}石化", "{f}气体有限公司"),
         ("储罐区", "装卸区", "装置区东", "大门", "仓库"), 10, 14, "应急管理局", 42),
    Kind(20, 760, "highway", ("{r}加油站", "{t}{f}加油站", "{t}加气站"),
         ("加油区", "卸油区", "便利店", "出入口"), 4, 16, "应急管理局", 47),
    Kind(21, 170, "street", ("{t}燃气门站", "{t}调压站", "{f}燃气站"), ("大门", "储罐区", "调压区"), 3, 16,
         "住房和城乡建设局", 43),
    Kind(22, 640, "street", ("{e}项目工地", "{e}二期工地", "{r}改造工程"),
         ("大门", "塔吊", "基坑", "材料区", "洗车台"), 6, 15, "住房和城乡建设局", 44),
    Kind(23, 150, "hill", ("{v}金矿", "{f}矿业", "{v}尾矿库"), ("井口", "坝体", "尾矿库坝面", "大门"), 6,
         14, "应急管理局", 41),
    Kind(24, 130, "street", ("{t}消防救援站", "{t}专职消防队"), ("车库", "大门"), 1.5, 23, "消防救援支队",
         0),
    Kind(25, 5200, "street", ("{r}消火栓{n}",), ("",), 0.08, 22, "消防救援支队", 0),
    Kind(26, 420, "street", ("{t}应急避难场所", "{v}避难场所"), ("入口", "场地"), 1, 8, "应急管理局", 8),
    Kind(27, 180, "street", ("{t}应急物资库",), _YARD, 0.8, 0, "应急管理局", 8),
    Kind(28, 120, "street", ("{t}应急救援队", "{f}矿山救护队"), _YARD, 0.6, 0, "应急管理局", 8),
    Kind(29, 40, "valley", ("{t}直升机起降点",), ("场地",), 0.6, 0, "应急管理局", 12),
    Kind(30, 420, "street", ("{t}卫生院", "{d}人民医院", "{t}中医院", "{d}第{n}医院"),
         ("急诊入口", *_GATES, "门诊大厅"), 9, 12, "卫生健康委员会", 9),
    Kind(31, 1300, "street", ("{t}第{n}小学", "{d}第{n}中学", "{e}幼儿园", "{t}中心小学", "{v}小学"),
         (*_GATES, "校门口人行道"), 7, 11, "教育局", 11),
    Kind(32, 420, "street", ("{t}敬老院", "{e}养老中心"), _GATES, 2, 23, "民政局", 57),
    Kind(33, 190, "street", ("{t}便民服务中心", "{d}政务服务大厅"), ("大厅", "门口", "广场"), 4, 23,
         "行政审批服务局", 59),
    Kind(34, 190, "street", ("{t}派出所", "{r}派出所"), ("门口", "院内", "接待大厅"), 3, 23, "公安局", 1),
    Kind(35, 1300, "street", ("{t}农贸市场", "{e}超市", "{t}大集", "{r}商场", "{e}购物中心"),
         ("入口", "出口", "门前", "东通道", "西通道"), 4, 13, "商务局", 47),
    Kind(36, 780, "valley", ("{v}水库", "{t}河{v}段", "{v}塘坝"), ("大坝", "溢洪道", "水尺", "库区"), 2.5,
         18, "水务局", 53),
    Kind(37, 420, "hill", ("{v}山防火瞭望点", "{t}林场{n}号塔"), ("北向", "南向", "云台"), 2, 17,
         "自然资源和规划局", 40),
    Kind(38, 300, "shore", ("{v}海水浴场", "{t}海堤", "{v}海堤"),
         ("沙滩东", "沙滩西", "堤顶", "瞭望台", "入口"), 6, 19, "海洋发展和渔业局", 14),
    Kind(0, 3000, "street", ("{e}小区", "{e}花园", "{v}社区", "{e}家园"),
         (*_GATES, "地下车库入口", "1号楼", "3号楼", "主干道", "高空抛物"), 7, 23, "街道办事处", 59),
    Kind(0, 1500, "valley", ("{v}村", "{v}新村"), ("村口", "村委会", "主街东", "主街西", "文化广场"), 4, 23,
         "镇政府", 59),
    Kind(0, 420, "street", ("{t}文化广场", "{t}公园", "{v}公园", "{e}广场"),
         ("中心", "东入口", "西入口", "健身区"), 6, 8, "城市管理局", 8),
    Kind(0, 130, "shore", ("{v}景区", "{t}风景区"), ("检票口", "观景台", "停车场", "游客中心"), 8, 10,
         "文化和旅游局", 58),
    Kind(0, 60, "hill", ("{v}山风景区", "{t}森林公园"), ("山门", "索道", "停车场", "山顶"), 8, 10,
         "文化和旅游局", 58),
    Kind(0, 22, "street", ("{d}体育场", "{d}会展中心", "{d}体育公园"),
         ("东看台", "西看台", "检票口", "广场"), 25, 9, "体育局", 58),
    Kind(0, 900, "valley", ("{f}有限公司", "{f}机械厂", "{f}食品"), (*_YARD, "车间"), 5, 14, "应急管理局",
         42),
    Kind(0, 260, "valley", ("{t}工业园排口", "{v}入海排污口", "{t}大气站"), ("", "北侧", "南侧"), 2.5, 20,
         "生态环境局", 9),
)  # fmt: skip


@dataclass(frozen=True)
class Sites:
    """Places with a name (n of each).

    Attributes:
        kind: Index in :data:`KINDS`.
        place: Kilometres (n, 2).
        town: Index of its township in the list of units.
        road: Index of the nearest road.
        names: As staff write them, without the district.
    """

    kind: Ints
    place: Floats
    town: Ints
    road: Ints
    names: list[str]


def make_sites(
    count: int, places: Places, units: Sequence[Unit], roads: Sequence[Road], rng: np.random.Generator
) -> Sites:
    """So many points of the 38 layers, and camera-only sites in proportion."""
    share = np.array([kind.share for kind in KINDS])
    layered = np.array([kind.layer > 0 for kind in KINDS])
    numbers = np.floor(share * count / share[layered].sum()).astype(int).clip(1)
    numbers[_MOST_COMMON] += count - numbers[layered].sum()  # what rounding left over
    kind = np.repeat(np.arange(len(KINDS)), numbers)
    place = np.vstack([_somewhere(places, KINDS[index].where, int(n)) for index, n in enumerate(numbers)])
    town, road = places.township(place), places.nearest_road(place)
    return Sites(kind, place, town, road, _names(kind, town, road, units, roads, rng))


_MOST_COMMON = int(np.argmax([kind.share for kind in KINDS]))


def _somewhere(places: Places, where: str, count: int) -> Floats:
    if where == "shore":
        return places.on_shore(count)
    if where == "hill":
        return places.in_country(count, uphill=0.8)
    if where == "valley":
        return places.in_country(count, uphill=-0.5)
    if where == "highway":
        drawn = places.on_roads(count, ("expressway", "arterial", "secondary"))
        return places.beside(drawn.place, drawn.bearing, (12, 40))
    drawn = places.on_roads(count)
    return places.beside(drawn.place, drawn.bearing, (15, 120))


def _names(
    kind: Ints, town: Ints, road: Ints, units: Sequence[Unit], roads: Sequence[Road], rng: np.random.Generator
) -> list[str]:
    """Names by pattern; the same name twice in a township is told apart by a numeral."""
    dice = rng.integers(0, 1 << 30, (len(kind), 5)).tolist()
    taken: dict[tuple[int, str], int] = {}
    names = []
    for number, (which, where, along, (a, b, c, d, e)) in enumerate(
        zip(kind.tolist(), town.tolist(), road.tolist(), dice, strict=True)
    ):
        patterns = KINDS[which].names
        name = patterns[a % len(patterns)].format(
            d=DISTRICTS[units[where].district].short,
            t=units[where].name.removesuffix("街道").removesuffix("镇"),
            r=roads[along].name,
            v=VILLAGE_STEMS[b % len(VILLAGE_STEMS)],
            f=FIRM_STEMS[c % len(FIRM_STEMS)],
            e=ESTATE_STEMS[d % len(ESTATE_STEMS)],
            n=NUMERALS[e % len(NUMERALS)] if KINDS[which].layer not in NUMBERED else number % 900 + 1,
        )
        again = taken[where, name] = taken.get((where, name), 0) + 1
        names.append(name if again == 1 else f"{name}{again}")
    return names


NUMBERED = frozenset({14, 25})
"""Layers whose points carry a plate with figures: manholes and hydrants."""
