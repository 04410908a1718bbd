"""The kinds of mistake in the messy list, and the fault that an import reports each as."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Mistake:
    """One kind of mistake.

    Attributes:
        code: The kind of fault that an import reports it as.
        told: What is wrong, in words.
        change: Header → what stands there instead.
        only: The form of file that can have it; empty for every one.
    """

    code: str
    told: str
    change: dict[str, str] = field(default_factory=dict)
    only: str = ""


MISTAKES = (
    Mistake("lost-digits", "an id that a spreadsheet kept as a number", {"设备编码": "3.70602000813260E+19"}),
    Mistake("invalid-code", "an id of the older form, 18 digits", {"设备编码": "370602001326000031"}),
    Mistake("invalid-code", "a letter O in the id", {"设备编码": "3706020008132600O032"}),
    Mistake(
        "no-camera-code", "the recorder's id instead of the channel's", {"设备编码": "37060200081186000033"}
    ),
    Mistake("rounded-code", "an id whose last digits were rounded off", {"设备编码": "37060200081326100000"}),
    Mistake("duplicate", "an id that an earlier row has", {"设备编码": "37060200081326000001"}),
    Mistake("no-code", "no id", {"设备编码": ""}),
    Mistake(
        "unidentified",
        "no id, no name, no place",
        {"设备编码": "", "摄像机名称": "", "安装地址": "", "*经度(E)": "", "*纬度(N)": ""},
    ),
    Mistake("no-name", "no name", {"摄像机名称": ""}),
    Mistake("factory-name", "the device's default as its name", {"摄像机名称": "Camera 01"}),
    Mistake(
        "coordinate-swapped",
        "longitude and latitude exchanged",
        {"*经度(E)": "37.101234", "*纬度(N)": "121.201234"},
    ),
    Mistake("coordinate-zero", "coordinates of 0", {"*经度(E)": "0", "*纬度(N)": "0"}),
    Mistake("coordinate-half", "a longitude without a latitude", {"*纬度(N)": ""}),
    Mistake(
        "coordinate-outside-china", "a place in Europe", {"*经度(E)": "12.496366", "*纬度(N)": "41.902782"}
    ),
    Mistake(
        "coordinate-outside-city",
        "the province's capital as the place",
        {"*经度(E)": "117.020000", "*纬度(N)": "36.660000"},
    ),
    Mistake(
        "coordinate-projected",
        "metres instead of degrees",
        {"*经度(E)": "40605123.4", "*纬度(N)": "4109876.5"},
    ),
    Mistake("coordinate-coarse", "coordinates of two decimals", {"*经度(E)": "121.21", "*纬度(N)": "37.11"}),
    Mistake("not-degrees", "words instead of a longitude", {"*经度(E)": "见附图"}),
    Mistake("unknown-crs", "a reference system that nobody knows", {"坐标系": "地方独立坐标系"}),
    Mistake("unknown-unit", "a township of another city", {"所属街道": "浦东新区陆家嘴街道"}),
    Mistake("not-digits", "letters in the administrative code", {"行政区划": "37O602"}),
    Mistake("unknown-value", "a type that the standard does not know", {"摄像机类型": "超级球"}),
    Mistake("unknown-value", "a direction that is none", {"监视方位": "9"}),
    Mistake("out-of-range", "a heading of 400 degrees", {"方位角(°)": "400"}),
    Mistake("not-a-number", "a range instead of a height", {"安装高度(米)": "3-5"}),
    Mistake("approximate", "about six metres", {"安装高度(米)": "约6"}),
    Mistake("not-an-address", "an IP address beyond 255", {"IP地址": "10.20.30.400"}),
    Mistake("not-a-mac", "a MAC address that is too short", {"MAC地址": "00:1A:2B:3C:4D"}),
    Mistake("not-a-url", "an address without a scheme", {"RTSP地址": "10.20.1.55:554/ch1"}),
    Mistake(
        "credentials-in-query",
        "a password among a URL's parameters",
        {"RTSP地址": "rtsp://10.20.1.56/ch1?user=admin&password=Admin12345"},
    ),
    Mistake(
        "credentials-in-text",
        "a stream with its password in the name",
        {"摄像机名称": "东门 rtsp://admin:Admin12345@10.20.1.57/1"},
    ),
    Mistake("not-a-date", "30 February", {"安装时间": "2023-02-30"}),
    Mistake("too-long", "a name of 250 letters", {"摄像机名称": "路口" * 125}),
    Mistake("control-characters", "a line break in the name", {"摄像机名称": "牟平大街\n路口"}),
    Mistake("damaged-text", "letters lost in another encoding", {"摄像机名称": "牟平\ufffd\ufffd大街路口"}),
    Mistake("sheet-error", "a formula that failed", {"所属部门": "#REF!"}),
    Mistake("repeated-header", "the header again, as of a second page"),
    Mistake("total-row", "a sum"),
    Mistake("wrong-width", "a comma too many", only="csv"),
    Mistake("unclosed-quote", "a quotation mark that is never closed", only="csv"),
)
