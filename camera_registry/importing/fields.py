"""The fields of a record as lists name them: headers in Chinese and English, and how each is parsed."""

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
        headers: Other headers it is known by, as written; width, case, blanks and brackets do not matter.
        units: Units that a header's brackets may name.
        plain: What most of its texts look like, where most differ.
    """

    name: str
    title: str
    sql: str
    parse: Parser
    headers: tuple[str, ...]
    units: Collection[str] | None = None
    plain: Plain | None = None


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


def _field(name: str, title: str, sql: str, parse: Parser, headers: str, plain: Plain | None = None) -> Field:
    units = METRES if name.endswith("_m") else None
    return Field(name, title, sql, parse, tuple(headers.split()), units, plain)


_heading_number = number(0, 360, DEGREES, what="heading in degrees clockwise from north")
_metres = number(0, 500, METRES, what="height in metres", zero_unknown=True)
_angle = number(0, 360, DEGREES, what="angle in degrees", zero_unknown=True)

_PLACE = (
    _field("longitude", "经度", "float8", nothing(coordinate("longitude")),
           "Longitude lon lng long X X坐标 经度值 设备经度 东经 坐标经度 经度坐标 GPS经度 点位经度 安装经度 摄像机经度", PLAIN_DEGREES),
    _field("latitude", "纬度", "float8", nothing(coordinate("latitude")),
           "Latitude lat Y Y坐标 纬度值 设备纬度 北纬 坐标纬度 纬度坐标 GPS纬度 点位纬度 安装纬度 摄像机纬度", PLAIN_DEGREES),
    _field("declared_crs", "坐标系", "text", nothing(reference_system),
           "坐标系统 坐标类型 坐标体系 坐标参考系 经纬度坐标系 参考系 坐标基准 crs CoordinateSystem datum srs 地图类型"),
    _field("unit", "所属辖区", "", nothing(text_of(100)),
           "辖区 所属区域 所属街道 所属乡镇 街道 乡镇 镇街 街镇 所属镇街 乡镇街道 街道乡镇 所属区县 区县 区市县 所在区县 所在街道 "
           "所属组织 组织机构 unit jurisdiction district township"),
)  # fmt: skip

_KEYS = "SourceKey 唯一标识 主键 记录编号 uuid 外部编码 外部编号"

CAMERA_FIELDS = (
    _field("code", "设备编码", "text", nothing(device_id),
           "DeviceID 国标编码 国标编号 国标ID 国标码 GB编码 GB28181编码 GBID 设备国标编码 设备国标编号 通道编码 通道编号 通道国标编码 "
           "摄像机编码 摄像头编码 设备ID 20位编码 设备编码20位 设备编号20位 视频编码 监控点编码 点位国标编码 ChannelID code", PLAIN_ID),
    _field("name", "设备名称", "text", camera_name,
           "名称 Name 摄像机名称 摄像头名称 点位名称 监控点名称 通道名称 监控名称 设备名 点名 视频名称 相机名称 CameraName DeviceName 点位", PLAIN_NAME),
    *_PLACE,
    _field("source_key", "来源编号", "text", nothing(code_of(200)),
           f"{_KEYS} 点位编号 点位编码 台账编号 资产编号 平台编号 标识码"),
    _field("address", "安装地址", "text", text_of(400),
           "地址 Address 安装位置 详细地址 安装地点 位置 设备地址 点位地址 具体位置 所在位置 点位位置 地点 location 安装详细地址", plain_text(400)),
    _field("civil_code", "行政区划", "text", nothing(digits(2, 12, what="administrative code")),
           "CivilCode 行政区划代码 行政区划编码 行政区域 行政区域代码 区划代码 区划编码 行政区代码 行政区编码 区域编码 区县代码"),
    _field("owner", "所属部门", "text", text_of(200),
           "Owner 设备归属 归属部门 所属单位 产权单位 权属单位 建设单位 归属单位 所属机构 部门 主管部门 权属 产权 department 建设部门 责任部门"),
    _field("manufacturer", "设备厂商", "text", text_of(200),
           "Manufacturer 厂商 厂家 品牌 设备品牌 生产厂家 设备厂家 制造商 生产厂商 摄像机厂商 vendor brand"),
    _field("model", "设备型号", "text", text_of(200), "Model 型号 规格型号 设备规格 产品型号 摄像机型号"),
    _field("accuracy_m", "定位精度", "real", number(0.1, 50_000, METRES, what="accuracy in metres", zero_unknown=True),
           "坐标精度 位置精度 精度 误差 accuracy accuracym"),
    _field("heading_deg", "方位角", "real", nothing(heading),
           "heading 朝向角 朝向角度 方位角度 水平角 安装方位角 监视方位角 水平方位角 azimuth bearing headingdeg 偏北角"),
    _field("direction_type", "监视方位", "int2", vocabulary.DIRECTION,
           "DirectionType Direction 朝向 方向 方位 监控方位 监控方向 拍摄方向 摄像机朝向 监视方向 镜头朝向 安装朝向 方位类型"),
    _field("pitch_deg", "俯仰角", "real", number(-90, 90, DEGREES, what="pitch in degrees"),
           "pitch 俯仰 俯角 垂直角 倾角 tilt pitchdeg"),
    _field("mount_height_m", "安装高度", "real", _metres,
           "高度 架设高度 离地高度 杆高 立杆高度 挂高 摄像机高度 Height MountHeight mountheightm 安装高"),
    _field("ptz_type", "摄像机结构类型", "int2", vocabulary.PTZ,
           "PTZType 摄像机类型 设备类型 结构类型 云台类型 摄像头类型 相机类型 摄像机形态 设备形态 类型 摄像机种类"),
    _field("room_type", "室内外", "int2", vocabulary.ROOM,
           "RoomType 室外室内 室内室外 室内外属性 安装环境 安装位置室外室内 室内或室外 摄像机位置室内外"),
    _field("supply_light_type", "补光属性", "int2", vocabulary.LIGHT, "SupplyLightType SupplyLight 补光类型 补光 补光灯 补光方式"),
    _field("point_type", "监控点位类型", "int2", vocabulary.POINT_TYPE, "PointType PoIntType 点位类型 点位类别 监控点类型 点位级别 点位分类"),
    _field("point_common_name", "点位俗称", "text", text_of(200), "PointCommonName 俗称 别名 点位别名 监控点位俗称"),
    _field("capture_position_type", "采集部位类型", "text", nothing(digits(1, 7, what="position type")),
           "CapturePositionType PositionType 采集区域类型 位置类型 采集部位 摄像机位置类型"),
    _field("photoelectric_type", "光电成像类型", "int2", vocabulary.IMAGING, "PhotoelectricImagingType PhotoelectricImagingTyep 成像类型"),
    _field("horizontal_field_deg", "水平视场角", "real", _angle, "HorizontalFieldAngle 水平视角 水平视场 horizontalfielddeg hfov 视场角"),
    _field("vertical_field_deg", "垂直视场角", "real", _angle, "VerticalFieldAngle 竖直视场角 垂直视角 垂直视场 verticalfielddeg vfov"),
    _field("max_view_distance_m", "最大可视距离", "real",
           number(0, 100_000, METRES, what="distance in metres", zero_unknown=True),
           "MaxViewDistance 可视距离 可视范围 监控距离 最远可视距离 maxviewdistancem"),
    _field("stream_url", "RTSP地址", "text", url_of(("rtsp", "rtsps"), example="rtsp://10.20.30.40:554/stream1"),
           "RTSP 取流地址 视频地址 流地址 视频流地址 主码流地址 主码流 码流地址 rtsp_url RTSP流地址 播放地址 streamurl 视频流 rtsp主码流", plain_url("rtsp", "rtsps")),
    _field("sub_stream_url", "子码流地址", "text", url_of(("rtsp", "rtsps"), example="rtsp://10.20.30.40:554/stream2"),
           "子码流 辅码流 辅码流地址 RTSP子码流 RTSP辅码流 substreamurl substream", plain_url("rtsp", "rtsps")),
    _field("snapshot_url", "抓图地址", "text", url_of(("http", "https"), example="http://10.20.30.40/snapshot.jpg"),
           "快照地址 截图地址 抓拍地址 snapshot snapshoturl 图片地址", plain_url("http", "https")),
    _field("onvif_url", "ONVIF地址", "text", url_of(("http", "https"), example="http://10.20.30.40/onvif/device_service"),
           "ONVIF onvifurl 设备服务地址", plain_url("http", "https")),
    _field("protocol", "接入协议", "text", vocabulary.PROTOCOL, "协议 Protocol 接入方式 协议类型 接入类型 通信协议"),
    _field("username", "用户名", "", nothing(text_of(128)), "登录名 账号 帐号 用户 username user 设备用户名 登录账号 摄像机用户名 登录用户名"),
    _field("password", "密码", "", nothing(text_of(256)), "口令 password passwd pwd 设备密码 登录密码 摄像机密码 设备口令"),
    _field("ip_address", "IP地址", "text", nothing(ip_address), "IPAddress IP IPv4 IPv4地址 设备IP 设备IP地址 摄像机IP IP地址v4 网络地址", PLAIN_IP),
    _field("port", "端口", "int4", number(1, 65535, NO_UNIT, what="port", zero_unknown=True, whole=True),
           "Port 端口号 设备端口 RTSP端口 服务端口"),
    _field("mac", "MAC地址", "text", nothing(mac_address), "MAC MACAddress 物理地址 设备MAC 网卡地址 mac地址", PLAIN_MAC),
    _field("block", "警区", "text", text_of(100), "Block 所属警区"),
    _field("grassroots_code", "基层组织编码", "text", nothing(digits(2, 2, what="grassroots code")), "GrassrootsCode 基层单位编码"),
    _field("parent_code", "父设备编码", "text", nothing(code_of(64)), "ParentID 父节点 父设备 上级编码 父节点编码 所属设备编码 上级设备编码 所属NVR"),
    _field("business_group_code", "业务分组编码", "text", nothing(code_of(64)), "BusinessGroupID 业务分组 虚拟分组"),
    _field("parental", "是否有子设备", "int2", vocabulary.YES_NO, "Parental 子设备"),
    _field("register_way", "注册方式", "int2", vocabulary.REGISTER_WAY, "RegisterWay"),
    _field("security_level", "安全能力等级", "text", vocabulary.SECURITY, "SecurityLevelCode 安全等级 安全能力等级代码"),
    _field("secrecy", "保密属性", "int2", vocabulary.SECRECY, "Secrecy 是否涉密 涉密 密级"),
    _field("sensitivity", "敏感级别", "int2", vocabulary.SENSITIVITY, "敏感度 敏感等级 sensitivity 敏感性"),
    _field("reported_status", "设备状态", "text", text_of(50), "Status 状态 在线状态 是否在线 运行状态 联网状态 reportedstatus"),
    _field("resolution", "分辨率", "text", text_of(100), "Resolution 像素 清晰度 最高分辨率"),
    _field("stream_numbers", "码流编号列表", "text", text_of(100), "StreamNumberList StreamNumbers 码流编号"),
    _field("download_speed", "下载倍速", "text", text_of(100), "DownloadSpeed 下载倍速范围"),
    _field("svc_space_mode", "空域编码能力", "int2", vocabulary.SVC, "SVCSpaceSupportMode SVCSpaceMode"),
    _field("svc_time_mode", "时域编码能力", "int2", vocabulary.SVC, "SVCTimeSupportMode SVCTimeMode"),
    _field("svc_ratio", "增强层与基本层比例能力", "text", text_of(100), "SSVCRatioSupportList SVCRatio"),
    _field("mobile_device_type", "移动采集设备类型", "int2", vocabulary.MOBILE, "MobileDeviceType 移动设备类型"),
    _field("encode_type", "编码格式", "text", text_of(100), "EncodeType 编码类型 视频编码格式 视频编码方式"),
    _field("function_type", "功能类型", "text", text_of(200), "FunctionType 摄像机功能类型 设备功能类型 功能 摄像机功能"),
    _field("industrial_class", "行业分类", "text", text_of(100), "IndustrialClassification 行业编码 所属行业 行业"),
    _field("installed_on", "安装时间", "date", nothing(day), "InstallTime 安装日期 建设时间 建成时间 建设日期 投用时间 installedon 启用时间"),
    _field("management_unit", "管理单位", "text", text_of(200), "ManagementUnit 使用单位 管理部门 管理机构 使用部门"),
    _field("maintainer", "运维单位", "text", text_of(200), "Maintainer 维护单位 运维厂商 维保单位 运维公司 维护厂家 维保公司 承建单位"),
    _field("contact_info", "联系方式", "text", text_of(200),
           "ContactInfo 联系电话 联系人 电话 手机 管理单位联系方式 联系人电话 负责人电话 管理员联系方式 负责人"),
    _field("record_save_days", "录像保存天数", "int2",
           number(1, 3660, DAYS, what="number of days", zero_unknown=True, whole=True),
           "RecordSaveDays 保存天数 存储天数 录像保存时长 录像天数 存储周期 录像存储天数"),
)  # fmt: skip

POINT_FIELDS = (
    _field("layer", "图层", "", nothing(text_of(100)),
           "layer 图层名称 图层编码 专题 类别 类型 分类 所属图层 点位类型 点位类别 专业图层 图层类型 种类 layercode"),
    _field("code", "编码", "text", nothing(code_of(64)), "编号 code id 点位编码 点位编号 标识码 POI编号 代码 要素编码"),
    _field("name", "名称", "text", text_of(200), "点位名称 name 地点名称 设施名称 单位名称 场所名称 机构名称 poi名称 点名 全称"),
    *_PLACE,
    _field("source_key", "来源编号", "text", nothing(code_of(200)), _KEYS),
    _field("address", "地址", "text", text_of(400), "address 详细地址 所在地址 位置 地点 所在位置 具体位置 单位地址 location"),
)  # fmt: skip

FIELDS: dict[Kind, dict[str, Field]] = {
    Kind.CAMERAS: {field.name: field for field in CAMERA_FIELDS},
    Kind.POINTS: {field.name: field for field in POINT_FIELDS},
}
