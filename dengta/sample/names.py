"""The words of the sample city: its real district names, and made-up ones for townships, roads and places.

District and zone names and GB/T 2260 codes are public facts. Township, road and place names are put together
from common words; where one exists in reality, its position and boundary here are still invented.
"""

from __future__ import annotations

from dataclasses import dataclass

CITY_CODE, CITY_NAME, CITY_CIVIL_CODE = "YT", "烟台市", "370600"


def _words(text: str) -> tuple[str, ...]:
    """Words that stand apart."""
    return tuple(text.split())


@dataclass(frozen=True)
class District:
    """One of the sixteen district centres.

    Attributes:
        code: The operations centre's own code.
        name: Full name.
        short: As staff write it in a camera's name.
        english: For readers of English.
        civil_code: GB/T 2260, or None for a functional zone.
        carved_from: Whose administrative code devices of this district carry.
        centre: Longitude and latitude of its seat, degrees, roughly.
        townships: How many.
        growth: How fast it spreads from its seat when land is divided; a county spreads at 1.
        urbanity: Share of town streets, 0 rural to 1 the old town.
    """

    code: str
    name: str
    short: str
    english: str
    civil_code: str | None
    carved_from: str
    centre: tuple[float, float]
    townships: int
    growth: float
    urbanity: float


def _d(
    code: str, name: str, short: str, english: str, civil: str | None, parent: str,
    centre: tuple[float, float], townships: int, growth: float, urbanity: float,
) -> District:  # fmt: skip
    return District(
        f"YT-{code}", name, short, english, civil, civil or parent, centre, townships, growth, urbanity
    )


DISTRICTS = (
    _d("ZF", "芝罘区", "芝罘", "Zhifu", "370602", "", (121.37, 37.52), 12, 0.55, 1.0),
    _d("FS", "福山区", "福山", "Fushan", "370611", "", (121.16, 37.42), 9, 0.85, 0.62),
    _d("MP", "牟平区", "牟平", "Muping", "370612", "", (121.60, 37.31), 13, 1.0, 0.45),
    _d("LS", "莱山区", "莱山", "Laishan", "370613", "", (121.43, 37.42), 6, 0.6, 0.85),
    _d("PL", "蓬莱区", "蓬莱", "Penglai", "370614", "", (120.80, 37.72), 13, 1.0, 0.45),
    _d("LK", "龙口市", "龙口", "Longkou", "370681", "", (120.46, 37.60), 13, 1.0, 0.5),
    _d("LY", "莱阳市", "莱阳", "Laiyang", "370682", "", (120.71, 36.95), 18, 1.0, 0.4),
    _d("LZ", "莱州市", "莱州", "Laizhou", "370683", "", (119.97, 37.18), 17, 1.0, 0.4),
    _d("ZY", "招远市", "招远", "Zhaoyuan", "370685", "", (120.38, 37.34), 14, 1.0, 0.4),
    _d("QX", "栖霞市", "栖霞", "Qixia", "370686", "", (120.86, 37.32), 14, 1.1, 0.35),
    _d("HY", "海阳市", "海阳", "Haiyang", "370687", "", (121.17, 36.80), 13, 1.0, 0.4),
    _d("KF", "烟台经济技术开发区", "开发区", "Yantai Development Area", None, "370611",
       (121.18, 37.57), 5, 0.55, 0.8),
    _d("GX", "烟台高新技术产业开发区", "高新区", "Yantai Hi-tech Zone", None, "370613",
       (121.53, 37.42), 2, 0.3, 0.75),
    _d("CD", "长岛海洋生态文明综合试验区", "长岛", "Changdao Comprehensive Pilot Zone", None, "370614",
       (120.74, 37.92), 2, 1.0, 0.3),
    _d("KY", "昆嵛山国家级自然保护区", "昆嵛山", "Kunyu Mountain Reserve", None, "370612",
       (121.75, 37.25), 1, 0.35, 0.1),
    _d("ZB", "烟台综合保税区", "综保区", "Yantai Comprehensive Bonded Zone", None, "370602",
       (121.29, 37.56), 1, 0.18, 0.7),
)  # fmt: skip
"""Eleven administrative districts and five functional zones; their townships are 153."""

URBAN_STEMS = tuple(
    first + last for first in "永福安清向新凤文金玉锦朝瑞德景" for last in "泉阳和苑宁平华澜源晖庆康乐园"
)
"""Made-up stems of sub-district (街道) names."""

RURAL_STEMS = tuple(
    first + last
    for first in "石柳松桃杏枣槐榆青白赤云响沙梨栗丰野"
    for last in "桥河店岭沟庄埠泊湾头格夼崖寨坡"
)
"""Made-up stems of township (镇) names."""

STREET_STEMS = _words(
    "南大 北大 西大 东大 青年 解放 建设 胜利 文化 幸福 迎春 观海 红旗 机场 港城 通世 府前 府东 府西 新华 "
    "人民 和平 民生 振华 大海阳 环山 上夼 四眼桥 西关 东关 北关 南关 文苑 学院 科技 创业 工业 兴业 银河 "
    "金河 银海 长江 黄河 珠江 淮河 泰山 衡山 华山 嵩山 天山 黄山 庐山 昆仑 长白山 五指山 北京 上海 天津 "
    "重庆 广州 深圳 山海 海滨 海韵 海天 渔港 港湾 望海 听涛 凤凰 凤鸣 龙泉 龙海 玉泉 丹崖 蓬莱阁 登州 "
    "海市 紫荆 牡丹 月季 樱花 桂花 梧桐 银杏 松涛 翠柏 竹园 梅园 桃园 苹果园 梨园 枣园 果园 富强 富裕 "
    "富民 兴隆 兴盛 永安 永福 祥和 祥安 吉祥 如意 光明 光荣 团结 友谊 前进 跃进 向阳 朝阳 东风 春晖 春光 "
    "秋实 金秋 盛泉 清泉 甘泉 温泉 河滨 河阳 滨河 柳林 杨林 石桥 大桥 西桥 仓库 粮库 车站 站前 邮电 电业 "
    "广播 体育场 医院 师范 农校 商业 商贸 市场 盐场 造船 钟楼 鼓楼 文庙 塔山 毓璜 西炮台 东炮台 "
    "烟台山 所城 朝阳门 二马 三马"
)
"""Stems of streets: 街 where they run east and west, 路 where they run north and south, as is usual here."""

COAST_STEMS = ("滨海", "海岸", "观海", "海滨", "渔人", "望潮", "银滩", "金沙")
VILLAGE_STEMS = _words(
    "王家 李家 张家 刘家 陈家 杨家 赵家 孙家 于家 姜家 曲家 宫家 林家 宋家 马家 高家 徐家 初家 邹家 迟家 "
    "大河 小河 上河 下河 东崖 西崖 南寨 北寨 前岚 后岚 石门 柳行 槐荫 榆林 泊子 官庄 埠前 沟西 滩里 山前"
)
FIRM_STEMS = tuple(first + last for first in "恒鑫润宏泰盛瑞顺" for last in "通海丰达和泉安源")
"""Made up, as firms are named; none is meant."""
ESTATE_STEMS = _words(
    "阳光 御花园 翡翠 碧海 蓝湾 观澜 锦绣 紫金 世纪 春天 香逸 逸景 山水 名仕 "
    "嘉和 福临 安居 惠民 桃源 银座 东海 南山 学府 书香 华庭"
)
NUMERALS = tuple("一二三四五六七八九十")
SIDES = ("东侧", "西侧", "南侧", "北侧", "东北角", "东南角", "西北角", "西南角")
TOWARDS = ("北向", "东北向", "东向", "东南向", "南向", "西南向", "西向", "西北向")
"""In the order of compass bearings, from north, 45 degrees each."""
