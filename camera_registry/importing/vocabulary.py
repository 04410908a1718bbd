"""The closed sets of GB/T 28181-2022's catalogue, by number and by the words that lists use."""

from __future__ import annotations

from camera_registry.importing.values import choice

_COMPASS = (
    # DirectionType of the standard, degrees, its letters, its Chinese word, the opposite's
    (1, 90.0, "e east", "东", "西"),
    (2, 270.0, "w west", "西", "东"),
    (3, 180.0, "s south", "南", "北"),
    (4, 0.0, "n north", "北", "南"),
    (5, 135.0, "se southeast south-east", "东南", "西北"),
    (6, 45.0, "ne northeast north-east", "东北", "西南"),
    (7, 225.0, "sw southwest south-west", "西南", "东北"),
    (8, 315.0, "nw northwest north-west", "西北", "东南"),
)


def _words(letters: str, to: str, come: str) -> str:
    """The ways to say that a camera looks towards ``to``; ``come`` is where it stands then."""
    towards = f"{to} 朝{to} 向{to} {to}向 {to}面 {to}侧 面{to} 正{to} 朝{to}方向 {to}方向 {to}方"
    across = f"由{come}向{to} 自{come}向{to} {come}向{to} {come}往{to} 由{come}往{to}"
    return f"{towards} {across} {letters}"


DIRECTION = choice({number: _words(*rest) for number, _, *rest in _COMPASS}, what="direction (监视方位)")
"""DirectionType: where the camera looks."""

HEADINGS: dict[str, float] = {
    word: degrees for _, degrees, *rest in _COMPASS for word in _words(*rest).split()
}
"""The same words in degrees clockwise from north."""

PTZ = choice(
    {
        1: "球机 快球 高速球 球型摄像机 球型 一体化球机 dome speed-dome 高空球机",
        2: "半球 半球机 半球型摄像机 半球摄像机 half-dome",
        3: "固定枪机 枪机 枪式 枪型 枪式摄像机 固定摄像机 固定 筒机 bullet fixed 枪型摄像机",
        4: "遥控枪机 云台枪机 云台 云台摄像机 带云台枪机 ptz-bullet 枪机云台",
        5: "遥控半球 云台半球 ptz-half-dome",
        6: "多目设备的全景/拼接通道 全景 多目 全景摄像机 多目全景 全景拼接 鱼眼 panorama 多目全景/拼接",
        7: "多目设备的分割通道 分割 拼接全景 多目分割 split 分割通道",
    },
    what="kind of camera (摄像机结构类型)",
)
ROOM = choice(
    {1: "室外 户外 外 outdoor outdoors", 2: "室内 户内 内 indoor indoors"}, what="situation (室内外)"
)
LIGHT = choice(
    {
        1: "无补光 无 不补光 没有 none",
        2: "红外补光 红外 红外灯 ir infrared",
        3: "白光补光 白光 白光灯 暖光 white",
        4: "激光补光 激光 laser",
        9: "其他 其它 混合补光 other",
    },
    what="supplementary light (补光属性)",
)
POINT_TYPE = choice(
    {
        1: "一类视频监控点 一类 一类点 一类点位 一类监控点 1类 1类点",
        2: "二类视频监控点 二类 二类点 二类点位 二类监控点 2类 2类点",
        3: "三类视频监控点 三类 三类点 三类点位 三类监控点 3类 3类点",
        9: "其他点位 其他 其它 other",
    },
    what="kind of point (监控点位类型)",
)
IMAGING = choice(
    {
        1: "可见光成像 可见光 visible",
        2: "热成像 热成像仪 红外热成像 thermal",
        3: "雷达成像 雷达 radar",
        4: "X光成像 x光",
        5: "深度光场成像 深度",
        9: "其他 其它 other",
    },
    what="kind of imaging (光电成像类型)",
)
PROTOCOL = choice(
    {
        "rtsp": "RTSP rtsp直连 rtsp协议",
        "onvif": "ONVIF onvif协议",
        "gb28181": "GB28181 gb/t28181 gbt28181 gb28181-2016 gb28181-2022 国标 28181 国标协议"
        " gb/t28181-2016 gb/t28181-2022",
        "http": "HTTP https hls flv http-flv",
        "vendor": "vendor sdk 私有协议 厂商sdk 海康sdk 大华sdk ehome isup 私有",
    },
    what="protocol (接入协议)",
)
YES_NO = choice(
    {1: "是 有 yes true y", 0: "否 无 没有 no false n"}, zero_unknown=False, what="yes or no (是/否)"
)
REGISTER_WAY = choice(
    {
        1: "IETF-RFC3261 rfc3261 标准认证 sip",
        2: "基于口令的双向认证 口令双向认证",
        3: "基于数字证书的双向认证 数字证书双向认证",
        4: "基于数字证书的单向认证 数字证书单向认证",
    },
    what="way to register (注册方式)",
)
SECURITY = choice({"A": "A a级", "B": "B b级", "C": "C c级"}, what="security level (安全能力等级)")
SECRECY = choice(
    {0: "不涉密 非涉密 否 公开 no", 1: "涉密 是 秘密 yes"}, zero_unknown=False, what="secrecy (保密属性)"
)
SENSITIVITY = choice(
    {
        0: "公开 普通 一般 无 open normal",
        1: "内部 较敏感 低 internal low",
        2: "敏感 中 sensitive medium",
        3: "高度敏感 非常敏感 高 绝密 机密 high",
    },
    zero_unknown=False,
    what="sensitivity (敏感级别)",
)
SVC = choice({0: "不支持", 1: "1级增强", 2: "2级增强", 3: "3级增强"}, zero_unknown=False, what="coding mode")
MOBILE = choice(
    {
        1: "移动机器人载摄像机 机器人",
        2: "执法记录仪",
        3: "移动单兵设备 单兵",
        4: "车载视频记录设备 车载",
        5: "无人机载摄像机 无人机",
        9: "其他 其它",
    },
    what="mobile device (移动采集设备类型)",
)
