"""The schema of the one store, in SQLAlchemy and GeoAlchemy2 terms; migrations must replay to it."""

from __future__ import annotations

from geoalchemy2 import Geometry
from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB, TIMESTAMP, UUID

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Moment = TIMESTAMP(timezone=True)
NOW = text("now()")

MERCATOR_BITS = 26
"""Tile coordinates are integers, 2^26 to the width of the world: 0.6 m at the equator."""

_TILE_X = f"floor((ST_X(geom) + 180) / 360 * {1 << MERCATOR_BITS})::int"
_TILE_Y = (
    "floor((1 - ln(tan(radians(ST_Y(geom))) + 1 / cos(radians(ST_Y(geom)))) / pi()) / 2"
    f" * {1 << MERCATOR_BITS})::int"
)


def _point(nullable: bool = True) -> Column[object]:
    return Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=nullable)


organisation = Table(
    "organisation",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("code", Text, nullable=False, unique=True, comment="the operations centre's own code"),
    Column("civil_code", Text, comment="GB/T 2260 administrative code, where there is one"),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("level", SmallInteger, nullable=False, comment="0 city, 1 district, 2 township"),
    Column("parent_id", ForeignKey("organisation.id")),
    # Nested set: a unit's subtree is the units whose tree_left lies in its own [tree_left, tree_right].
    Column("tree_left", Integer, nullable=False),
    Column("tree_right", Integer, nullable=False),
    Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), comment="its boundary"),
    CheckConstraint("level between 0 and 2", name="level"),
    CheckConstraint("tree_left <= tree_right", name="tree"),
    Index("ix_organisation_geom", "geom", postgresql_using="gist"),
    comment="1 city, 16 districts, 153 townships, with their boundaries",
)

scene = Table(
    "scene",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("looks_for", ARRAY(Text), nullable=False),
    Column("cadence_s", Integer, nullable=False, comment="seconds between looks in ordinary times"),
    Column("alert_cadence_s", Integer, comment="seconds between looks under a warning, where it differs"),
    Column("priority", SmallInteger, nullable=False, comment="1 highest"),
    CheckConstraint("cadence_s > 0", name="cadence"),
    CheckConstraint("priority between 1 and 5", name="priority"),
    comment="the application scenes; rows are data that a city edits",
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
    _point(),
    Column("accuracy_m", REAL, comment="radius that holds the true place, metres; null is unknown"),
    Column("heading_deg", REAL, comment="clockwise from north; null is unknown"),
    Column("mount_height_m", REAL),
    Column("ptz_type", SmallInteger, comment="GB/T 28181 PTZType; null is not reported"),
    Column("unit_id", ForeignKey("organisation.id"), comment="the township or district it stands in"),
    Column("unit_tree", Integer, comment="tree_left of unit_id, so that a scope is one range"),
    Column("sensitivity", SmallInteger, nullable=False, server_default="0", comment="0 open to 3 highest"),
    Column("stream_url", Text, comment="without credentials"),
    Column("credential_id", ForeignKey("credential.id")),
    Column("simulated", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False, server_default="1", comment="counts edits; the ETag"),
    Column("created_at", Moment, nullable=False, server_default=NOW),
    Column("updated_at", Moment, nullable=False, server_default=NOW),
    Column("tile_x", Integer, Computed(_TILE_X, persisted=True), comment="web mercator, 2^26 to the world"),
    Column("tile_y", Integer, Computed(_TILE_Y, persisted=True), comment="web mercator, 2^26 to the world"),
    CheckConstraint("sensitivity between 0 and 3", name="sensitivity"),
    CheckConstraint("stream_url is null or stream_url !~ '^[a-z]+://[^/]*@'", name="no_credentials_in_url"),
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

camera_scene = Table(
    "camera_scene",
    metadata,
    Column("camera_id", ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True),
    Column("scene_id", ForeignKey("scene.id"), primary_key=True),
    Column("source", Text, nullable=False, comment="person, rule, suggestion or import"),
    Column("confidence", REAL),
    Column("reason", Text),
    Column("assigned_by", ForeignKey("account.id")),
    Column("assigned_at", Moment, nullable=False, server_default=NOW),
    CheckConstraint("source in ('person', 'rule', 'suggestion', 'import')", name="source"),
    CheckConstraint("confidence between 0 and 1", name="confidence"),
    Index("ix_camera_scene_scene_id", "scene_id", "camera_id"),
    comment="which scenes a camera serves, and who says so",
)

road = Table(
    "road",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("road_class", Text, nullable=False, comment="expressway, arterial, secondary, branch or coastal"),
    Column("geom", Geometry("LINESTRING", srid=4326, spatial_index=False), nullable=False),
    Index("ix_road_geom", "geom", postgresql_using="gist"),
    comment="roads for addresses and for the offline base map",
)

point_layer = Table(
    "point_layer",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("position", SmallInteger, nullable=False, comment="drawing order, lowest first"),
    comment="the professional map layers",
)

point = Table(
    "point",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("layer_id", ForeignKey("point_layer.id"), nullable=False),
    Column("code", Text),
    Column("name", Text, nullable=False),
    Column("address", Text),
    _point(nullable=False),
    Column("unit_id", ForeignKey("organisation.id")),
    Column("unit_tree", Integer),
    UniqueConstraint("layer_id", "code"),
    Index("ix_point_geom", "geom", postgresql_using="gist"),
    comment="points of interest",
)

watch = Table(
    "watch",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("camera_id", ForeignKey("camera.id", ondelete="CASCADE"), nullable=False),
    Column("rule", Text, nullable=False, comment="name of the scene rule"),
    Column("recogniser", Text, nullable=False),
    Column("scene_id", ForeignKey("scene.id")),
    Column("cadence_s", Integer, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column(
        "settings",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="overrides of the rule's presets",
    ),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("camera_id", "rule"),
    CheckConstraint("cadence_s > 0", name="cadence"),
    CheckConstraint("priority between 1 and 5", name="priority"),
    comment="camera x rule x cadence: what the calendar plans",
)

rule_state = Table(
    "rule_state",
    metadata,
    Column("watch_id", ForeignKey("watch.id", ondelete="CASCADE"), primary_key=True),
    Column("captured_at", Moment, nullable=False, comment="of the newest observation that counted"),
    Column("look_id", UUID(as_uuid=True), nullable=False),
    Column("state", JSONB, nullable=False),
    Column("incident_id", BigInteger, comment="the incident that this watch holds open"),
    postgresql_with={"fillfactor": 70},
    comment="what each watch's rule remembers",
)

incident = Table(
    "incident",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("severity", SmallInteger, nullable=False, comment="GB/T 28181 alarm priority, 1 highest"),
    Column("confidence", REAL, nullable=False),
    Column("scene_id", ForeignKey("scene.id")),
    Column("camera_id", ForeignKey("camera.id"), nullable=False),
    Column("watch_id", ForeignKey("watch.id", ondelete="SET NULL")),
    Column("unit_id", ForeignKey("organisation.id"), comment="the responsible unit"),
    Column("unit_tree", Integer),
    Column("sensitivity", SmallInteger, nullable=False, server_default="0", comment="of its camera"),
    _point(),
    Column("accuracy_m", REAL),
    Column("address", Text),
    Column("evidence", Text, comment="sha256 of the picture that decided it"),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'"), comment="what the rule weighed"),
    Column("exercise", Boolean, nullable=False, server_default=text("false")),
    Column("sequence", Integer, nullable=False, server_default="1", comment="of its newest event"),
    Column("opened_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("closed_at", Moment),
    CheckConstraint("state in ('suspected', 'confirmed', 'closed')", name="state"),
    CheckConstraint("severity between 1 and 4", name="severity"),
    CheckConstraint("(state = 'closed') = (closed_at is not null)", name="closed"),
    Index("ix_incident_geom", "geom", postgresql_using="gist"),
    Index("ix_incident_opened_at", "opened_at", "id"),
    Index("ix_incident_evidence", "evidence", postgresql_where=text("evidence is not null")),
    # One watch holds at most one matter open: the second of two racing recorders is refused here.
    Index("uq_incident_open_watch", "watch_id", unique=True, postgresql_where=text("closed_at is null")),
    comment="matters that somebody must act on",
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("event_id", UUID(as_uuid=True), nullable=False, unique=True),
    Column("incident_id", ForeignKey("incident.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", JSONB, nullable=False, comment="the CloudEvent, complete"),
    Column("created_at", Moment, nullable=False, server_default=NOW),
    Column("published_at", Moment),
    UniqueConstraint("incident_id", "sequence"),
    Index("ix_outbox_unpublished", "seq", postgresql_where=text("published_at is null")),
    comment="events that were decided; the relay publishes them in order",
)

account = Table(
    "account",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("username", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("password_hash", Text, nullable=False, comment="argon2id"),
    Column("roles", ARRAY(Text), nullable=False),
    Column("unit_id", ForeignKey("organisation.id"), nullable=False),
    Column("max_sensitivity", SmallInteger, nullable=False, server_default="0"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Moment, nullable=False, server_default=NOW),
    CheckConstraint(
        "roles <@ array['gis', 'operator', 'dispatcher', 'lead', 'auditor', 'engineer']", name="roles"
    ),
    comment="people and programs that may ask",
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True, comment="sha256; the token itself is never stored"),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Moment, nullable=False, server_default=NOW),
    Column("expires_at", Moment, nullable=False),
    Index("ix_session_account_id", "account_id"),
    comment="who is logged in",
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", Moment, nullable=False, server_default=NOW),
    Column("account_id", ForeignKey("account.id"), comment="null when nobody was known"),
    Column("action", Text, nullable=False, comment="e.g. session.open, camera.edit, evidence.view"),
    Column("object", Text, comment="e.g. camera/17"),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'")),
    Column("client", INET),
    Index("ix_audit_at", "at"),
    comment="who did what, append only",
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False, comment="sha256 of method, path and body"),
    Column("status", SmallInteger, nullable=False),
    Column("headers", JSONB, nullable=False, server_default=text("'{}'")),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=NOW),
    Index("ix_idempotency_created_at", "created_at"),
    comment="answers to writes, given again when the same write comes again",
)
