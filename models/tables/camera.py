"""The catalogue: one row a feed, its credentials and what is known of its health."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import INET

from models.tables.base import NOW, Moment, metadata, point_column

MERCATOR_BITS = 26
"""Tile coordinates are integers, 2^26 to the width of the world: 0.6 m at the equator."""

_TILE_X = f"floor((ST_X(geom) + 180) / 360 * {1 << MERCATOR_BITS})::int"
_TILE_Y = (
    "floor((1 - ln(tan(radians(ST_Y(geom))) + 1 / cos(radians(ST_Y(geom)))) / pi()) / 2"
    f" * {1 << MERCATOR_BITS})::int"
)

credential = Table(
    "credential",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("username", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False, comment="AES-256-GCM; the key lives outside the database"),
    Column("created_at", Moment, nullable=False, server_default=NOW),
    comment="how to log in to cameras; cameras refer to it",
)

camera = Table(
    "camera",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("code", Text, unique=True, comment="GB/T 28181 device id as reported, valid or not"),
    Column("name", Text, nullable=False),
    Column("address", Text),
    Column("civil_code", Text, comment="administrative code as reported"),
    Column("manufacturer", Text),
    Column("model", Text),
    Column("owner", Text, comment="department that owns it"),
    Column("longitude", Double, comment="as declared, in declared_crs"),
    Column("latitude", Double, comment="as declared, in declared_crs"),
    Column("declared_crs", Text, comment="WGS-84, CGCS2000, GCJ-02 or BD-09, as declared"),
    point_column(),
    Column("accuracy_m", REAL, comment="radius that holds the true place, metres; null is unknown"),
    Column("heading_deg", REAL, comment="clockwise from north; null is unknown"),
    Column("mount_height_m", REAL),
    Column("ptz_type", SmallInteger, comment="GB/T 28181 PTZType; null is not reported"),
    Column("unit_id", ForeignKey("organisation.id"), comment="the township or district it stands in"),
    Column("unit_tree", Integer, comment="tree_left of unit_id, so that a scope is one range"),
    Column("sensitivity", SmallInteger, nullable=False, server_default="0", comment="0 open to 3 highest"),
    Column("stream_url", Text, comment="without credentials"),
    Column("sub_stream_url", Text, comment="smaller stream, without credentials"),
    Column("snapshot_url", Text, comment="single JPEG pictures, without credentials"),
    Column("onvif_url", Text, comment="device service, without credentials"),
    Column("protocol", Text, comment="how it is reached: rtsp, onvif, gb28181, http or vendor"),
    Column("credential_id", ForeignKey("credential.id")),
    # The rest of GB/T 28181-2022's catalogue record, as reported; null is not reported.
    Column("block", Text, comment="Block: police district"),
    Column("grassroots_code", Text, comment="GrassrootsCode, two digits"),
    Column("parent_code", Text, comment="ParentID: code of the device or directory above it"),
    Column("business_group_code", Text, comment="BusinessGroupID"),
    Column("parental", SmallInteger, comment="Parental: 1 if devices hang below it, 0 if not"),
    Column("register_way", SmallInteger, comment="RegisterWay: 1 to 3"),
    Column("security_level", Text, comment="SecurityLevelCode: A, B or C"),
    Column("secrecy", SmallInteger, comment="Secrecy: 0 open, 1 secret"),
    Column("ip_address", INET),
    Column("port", Integer),
    Column("mac", Text, comment="aa:bb:cc:dd:ee:ff"),
    Column("reported_status", Text, comment="Status as a platform said it; camera_state is what we saw"),
    Column("point_type", SmallInteger, comment="PointType: 1, 2 or 3 by whose construction it is, 9 other"),
    Column("point_common_name", Text, comment="PointCommonName"),
    Column("photoelectric_type", SmallInteger, comment="PhotoelectricImagingType"),
    Column("capture_position_type", Text, comment="CapturePositionType, up to 7 digits"),
    Column("room_type", SmallInteger, comment="RoomType: 1 outdoor, 2 indoor"),
    Column("supply_light_type", SmallInteger, comment="SupplyLight: 1 none, 2 IR, 3 white, 4 laser, 9 any"),
    Column("direction_type", SmallInteger, comment="Direction: 1 E, 2 W, 3 S, 4 N, 5 SE, 6 NE, 7 SW, 8 NW"),
    Column("resolution", Text, comment="Resolution, as reported"),
    Column("stream_numbers", Text, comment="StreamNumberList, as reported"),
    Column("download_speed", Text, comment="DownloadSpeed, as reported"),
    Column("svc_space_mode", SmallInteger, comment="SVCSpaceSupportMode"),
    Column("svc_time_mode", SmallInteger, comment="SVCTimeSupportMode"),
    Column("svc_ratio", Text, comment="SSVCRatioSupportList"),
    Column("mobile_device_type", SmallInteger, comment="MobileDeviceType"),
    Column("encode_type", Text, comment="EncodeType"),
    Column("function_type", Text, comment="FunctionType"),
    Column("industrial_class", Text, comment="IndustrialClassification"),
    Column("horizontal_field_deg", REAL, comment="horizontal field of view"),
    Column("vertical_field_deg", REAL, comment="vertical field of view"),
    Column("max_view_distance_m", REAL, comment="MaxViewDistance"),
    Column("pitch_deg", REAL, comment="above the horizon positive, below negative"),
    Column("installed_on", Date, comment="InstallTime"),
    Column("management_unit", Text, comment="ManagementUnit"),
    Column("maintainer", Text, comment="who mends it"),
    Column("contact_info", Text, comment="ContactInfo: personal, shown to editors only"),
    Column("record_save_days", SmallInteger, comment="RecordSaveDays"),
    Column("source", Text, comment="the list it came from; null if it was entered by hand"),
    Column("source_key", Text, comment="what the source itself calls it, where the code cannot tell"),
    Column("source_seen_at", Moment, comment="when its source last said something new of it"),
    Column("gone_since", Moment, comment="when its source ceased to list it; null is listed"),
    Column("simulated", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False, server_default="1", comment="counts edits; the ETag"),
    Column("created_at", Moment, nullable=False, server_default=NOW),
    Column("updated_at", Moment, nullable=False, server_default=NOW),
    Column("tile_x", Integer, Computed(_TILE_X, persisted=True), comment="web mercator, 2^26 to the world"),
    Column("tile_y", Integer, Computed(_TILE_Y, persisted=True), comment="web mercator, 2^26 to the world"),
    CheckConstraint("sensitivity between 0 and 3", name="sensitivity"),
    CheckConstraint("stream_url is null or stream_url !~ '^[a-z]+://[^/]*@'", name="no_credentials_in_url"),
    CheckConstraint(
        "coalesce(sub_stream_url, '') !~ '^[a-z]+://[^/]*@' and coalesce(snapshot_url, '') !~ '^[a-z]+://[^/]*@'"
        " and coalesce(onvif_url, '') !~ '^[a-z]+://[^/]*@'",
        name="no_credentials_in_other_urls",
    ),
    UniqueConstraint("source", "source_key"),
    CheckConstraint("(unit_id is null) = (unit_tree is null)", name="unit_with_tree"),
    Index("ix_camera_geom", "geom", postgresql_using="gist"),
    Index(
        "ix_camera_tile",
        "tile_x",
        "tile_y",
        postgresql_include=["id", "unit_tree", "sensitivity"],
    ),
    Index("ix_camera_unit_tree", "unit_tree", "id"),
    comment="the catalogue: one row a feed",
)

camera_state = Table(
    "camera_state",
    metadata,
    Column("camera_id", ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True),
    Column("state", SmallInteger, nullable=False, server_default="0", comment="models.camera.CameraState"),
    Column("since", Moment, nullable=False, server_default=NOW),
    Column("looked_at", Moment),
    Column("outcome", Text, comment="of the last look"),
    Column("failures", SmallInteger, nullable=False, server_default="0", comment="in a row"),
    # Narrow and without an index on what changes, so that updates stay heap-only.
    postgresql_with={"fillfactor": 70},
    comment="what is known of each camera's health",
)
