"""The fields of a record that lists can tell, and how each is parsed; other names: ``headers.json``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from base.errors import InvalidInputError
from camera_registry.importing import vocabulary
from camera_registry.importing.identifiers import (
    PLAIN_ID,
    PLAIN_IP,
    PLAIN_MAC,
    code_of,
    day,
    device_id,
    digits,
    ip_address,
    mac_address,
    plain_url,
    url_of,
)
from camera_registry.importing.names import PLAIN_NAME, camera_name
from camera_registry.importing.numbers import (
    DAYS,
    DEGREES,
    METRES,
    NO_UNIT,
    PLAIN_DEGREES,
    coordinate,
    number,
)
from camera_registry.importing.request import Kind
from camera_registry.importing.values import (
    Noted,
    Parser,
    Plain,
    Problem,
    nothing,
    plain_text,
    text_of,
)
from gis.crs import ReferenceSystem

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record.

    Attributes:
        name: Its name; that of the table's column, where there is one.
        title: Its Chinese name, which heads it in exports.
        sql: The type it is staged as; empty for what is turned into something else before.
        parse: Reads a cell.
        plain: What most of its texts look like, where most differ.
    """

    name: str
    title: str
    sql: str
    parse: Parser
    plain: Plain | None = None

    @property
    def units(self) -> Collection[str]:
        """Units that a header's brackets may name, for what is measured in metres."""
        return METRES if self.name.endswith("_m") else ()


def reference_system(text: str) -> Any:
    """A reference system by any of its names."""
    try:
        return ReferenceSystem.parse(text).value
    except InvalidInputError as err:
        reason = err.detail.partition(":")[0].rstrip(".") + "."
        return Noted(None, (Problem("unknown-crs", reason, err.remedy),))


def heading(text: str) -> Any:
    """Degrees clockwise from north, or one of eight directions in words."""
    named = vocabulary.HEADINGS.get(text.strip().lower())
    if named is not None:
        return named
    value = _heading_number(text)
    return 0.0 if value == 360 else value


_heading_number = number((0, 360), DEGREES, what="heading in degrees clockwise from north")
_metres = number((0, 500), METRES, what="height in metres", zero_unknown=True)
_angle = number((0, 360), DEGREES, what="angle in degrees", zero_unknown=True)

_PLACE = (
    Field("longitude", "经度", "float8", nothing(coordinate("longitude")), PLAIN_DEGREES),
    Field("latitude", "纬度", "float8", nothing(coordinate("latitude")), PLAIN_DEGREES),
    Field("declared_crs", "坐标系", "text", nothing(reference_system)),
    Field("unit", "所属辖区", "", nothing(text_of(100))),
)

CAMERA_FIELDS = (
    Field("code", "设备编码", "text", nothing(device_id), PLAIN_ID),
    Field("name", "设备名称", "text", camera_name, PLAIN_NAME),
    *_PLACE,
    Field("source_key", "来源编号", "text", nothing(code_of(200))),
    Field("address", "安装地址", "text", text_of(400), plain_text(400)),
    Field("civil_code", "行政区划", "text", nothing(digits(2, 12, what="administrative code"))),
    Field("owner", "所属部门", "text", text_of(200)),
    Field("manufacturer", "设备厂商", "text", text_of(200)),
    Field("model", "设备型号", "text", text_of(200)),
    Field(
        "accuracy_m",
        "定位精度",
        "real",
        number((0.1, 50_000), METRES, what="accuracy in metres", zero_unknown=True),
    ),
    Field("heading_deg", "方位角", "real", nothing(heading)),
    Field("direction_type", "监视方位", "int2", vocabulary.DIRECTION),
    Field("pitch_deg", "俯仰角", "real", number((-90, 90), DEGREES, what="pitch in degrees")),
    Field("mount_height_m", "安装高度", "real", _metres),
    Field("ptz_type", "摄像机结构类型", "int2", vocabulary.PTZ),
    Field("room_type", "室内外", "int2", vocabulary.ROOM),
    Field("supply_light_type", "补光属性", "int2", vocabulary.LIGHT),
    Field("point_type", "监控点位类型", "int2", vocabulary.POINT_TYPE),
    Field("point_common_name", "点位俗称", "text", text_of(200)),
    Field("capture_position_type", "采集部位类型", "text", nothing(digits(1, 7, what="position type"))),
    Field("photoelectric_type", "光电成像类型", "int2", vocabulary.IMAGING),
    Field("horizontal_field_deg", "水平视场角", "real", _angle),
    Field("vertical_field_deg", "垂直视场角", "real", _angle),
    Field(
        "max_view_distance_m",
        "最大可视距离",
        "real",
        number((0, 100_000), METRES, what="distance in metres", zero_unknown=True),
    ),
    Field(
        "stream_url",
        "RTSP地址",
        "text",
        url_of(("rtsp", "rtsps"), example="rtsp://10.20.30.40:554/stream1"),
        plain_url("rtsp", "rtsps"),
    ),
    Field(
        "sub_stream_url",
        "子码流地址",
        "text",
        url_of(("rtsp", "rtsps"), example="rtsp://10.20.30.40:554/stream2"),
        plain_url("rtsp", "rtsps"),
    ),
    Field(
        "snapshot_url",
        "抓图地址",
        "text",
        url_of(("http", "https"), example="http://10.20.30.40/snapshot.jpg"),
        plain_url("http", "https"),
    ),
    Field(
        "onvif_url",
        "ONVIF地址",
        "text",
        url_of(("http", "https"), example="http://10.20.30.40/onvif/device_service"),
        plain_url("http", "https"),
    ),
    Field("protocol", "接入协议", "text", vocabulary.PROTOCOL),
    Field("username", "用户名", "", nothing(text_of(128))),
    Field("password", "密码", "", nothing(text_of(256))),
    Field("ip_address", "IP地址", "text", nothing(ip_address), PLAIN_IP),
    Field("port", "端口", "int4", number((1, 65535), NO_UNIT, what="port", zero_unknown=True, whole=True)),
    Field("mac", "MAC地址", "text", nothing(mac_address), PLAIN_MAC),
    Field("block", "警区", "text", text_of(100)),
    Field("grassroots_code", "基层组织编码", "text", nothing(digits(2, 2, what="grassroots code"))),
    Field("parent_code", "父设备编码", "text", nothing(code_of(64))),
    Field("business_group_code", "业务分组编码", "text", nothing(code_of(64))),
    Field("parental", "是否有子设备", "int2", vocabulary.YES_NO),
    Field("register_way", "注册方式", "int2", vocabulary.REGISTER_WAY),
    Field("security_level", "安全能力等级", "text", vocabulary.SECURITY),
    Field("secrecy", "保密属性", "int2", vocabulary.SECRECY),
    Field("sensitivity", "敏感级别", "int2", vocabulary.SENSITIVITY),
    Field("reported_status", "设备状态", "text", text_of(50)),
    Field("resolution", "分辨率", "text", text_of(100)),
    Field("stream_numbers", "码流编号列表", "text", text_of(100)),
    Field("download_speed", "下载倍速", "text", text_of(100)),
    Field("svc_space_mode", "空域编码能力", "int2", vocabulary.SVC),
    Field("svc_time_mode", "时域编码能力", "int2", vocabulary.SVC),
    Field("svc_ratio", "增强层与基本层比例能力", "text", text_of(100)),
    Field("mobile_device_type", "移动采集设备类型", "int2", vocabulary.MOBILE),
    Field("encode_type", "编码格式", "text", text_of(100)),
    Field("function_type", "功能类型", "text", text_of(200)),
    Field("industrial_class", "行业分类", "text", text_of(100)),
    Field("installed_on", "安装时间", "date", nothing(day)),
    Field("management_unit", "管理单位", "text", text_of(200)),
    Field("maintainer", "运维单位", "text", text_of(200)),
    Field("contact_info", "联系方式", "text", text_of(200)),
    Field(
        "record_save_days",
        "录像保存天数",
        "int2",
        number((1, 3660), DAYS, what="number of days", zero_unknown=True, whole=True),
    ),
)

POINT_FIELDS = (
    Field("layer", "图层", "", nothing(text_of(100))),
    Field("code", "编码", "text", nothing(code_of(64))),
    Field("name", "名称", "text", text_of(200)),
    *_PLACE,
    Field("source_key", "来源编号", "text", nothing(code_of(200))),
    Field("address", "地址", "text", text_of(400)),
)

FIELDS: dict[Kind, dict[str, Field]] = {
    Kind.CAMERAS: {field.name: field for field in CAMERA_FIELDS},
    Kind.POINTS: {field.name: field for field in POINT_FIELDS},
}
