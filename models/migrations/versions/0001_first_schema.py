"""first schema."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create extension if not exists postgis")
    op.create_table(
        "credential",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="AES-256-GCM; the key lives outside the database",
        ),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
        sa.UniqueConstraint("name", name=op.f("uq_credential_name")),
        comment="how to log in to cameras; cameras refer to it",
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="the operations centre's own code"),
        sa.Column(
            "civil_code",
            sa.Text(),
            nullable=True,
            comment="GB/T 2260 administrative code, where there is one",
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default="", nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False, comment="0 city, 1 district, 2 township"),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("tree_left", sa.Integer(), nullable=False),
        sa.Column("tree_right", sa.Integer(), nullable=False),
        sa.Column(
            "geom",
            Geometry(geometry_type="MULTIPOLYGON", srid=4326, dimension=2, spatial_index=False),
            nullable=True,
            comment="its boundary",
        ),
        sa.CheckConstraint("level between 0 and 2", name=op.f("ck_organisation_level")),
        sa.CheckConstraint("tree_left <= tree_right", name=op.f("ck_organisation_tree")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["organisation.id"], name=op.f("fk_organisation_parent_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("code", name=op.f("uq_organisation_code")),
        comment="1 city, 16 districts, 153 townships, with their boundaries",
    )
    op.create_index("ix_organisation_geom", "organisation", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "point_layer",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False, comment="drawing order, lowest first"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_layer")),
        sa.UniqueConstraint("code", name=op.f("uq_point_layer_code")),
        comment="the professional map layers",
    )
    op.create_table(
        "road",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "road_class",
            sa.Text(),
            nullable=False,
            comment="expressway, arterial, secondary, branch or coastal",
        ),
        sa.Column(
            "geom",
            Geometry(geometry_type="LINESTRING", srid=4326, dimension=2, spatial_index=False),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_road")),
        comment="roads for addresses and for the offline base map",
    )
    op.create_index("ix_road_geom", "road", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "scene",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("looks_for", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "cadence_s", sa.Integer(), nullable=False, comment="seconds between looks in ordinary times"
        ),
        sa.Column(
            "alert_cadence_s",
            sa.Integer(),
            nullable=True,
            comment="seconds between looks under a warning, where it differs",
        ),
        sa.Column("priority", sa.SmallInteger(), nullable=False, comment="1 highest"),
        sa.CheckConstraint("cadence_s > 0", name=op.f("ck_scene_cadence")),
        sa.CheckConstraint("priority between 1 and 5", name=op.f("ck_scene_priority")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scene")),
        sa.UniqueConstraint("code", name=op.f("uq_scene_code")),
        comment="the application scenes; rows are data that a city edits",
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), server_default="", nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id"),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("max_sensitivity", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint(
            "roles <@ array['gis', 'operator', 'dispatcher', 'lead', 'auditor', 'engineer']",
            name=op.f("ck_account_roles"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organisation.id"], name=op.f("fk_account_unit_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("username", name=op.f("uq_account_username")),
        comment="people and programs that may ask",
    )
    op.create_table(
        "camera",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=True, comment="GB/T 28181 device id as reported, valid or not"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("civil_code", sa.Text(), nullable=True, comment="administrative code as reported"),
        sa.Column("manufacturer", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True, comment="department that owns it"),
        sa.Column("longitude", sa.Double(), nullable=True, comment="as declared, in declared_crs"),
        sa.Column("latitude", sa.Double(), nullable=True, comment="as declared, in declared_crs"),
        sa.Column(
            "declared_crs", sa.Text(), nullable=True, comment="WGS-84, CGCS2000, GCJ-02 or BD-09, as declared"
        ),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False),
            nullable=True,
        ),
        sa.Column(
            "accuracy_m",
            sa.REAL(),
            nullable=True,
            comment="radius that holds the true place, metres; null is unknown",
        ),
        sa.Column("heading_deg", sa.REAL(), nullable=True, comment="clockwise from north; null is unknown"),
        sa.Column("mount_height_m", sa.REAL(), nullable=True),
        sa.Column(
            "ptz_type", sa.SmallInteger(), nullable=True, comment="GB/T 28181 PTZType; null is not reported"
        ),
        sa.Column("unit_id", sa.Integer(), nullable=True, comment="the township or district it stands in"),
        sa.Column(
            "unit_tree",
            sa.Integer(),
            nullable=True,
            comment="tree_left of unit_id, so that a scope is one range",
        ),
        sa.Column(
            "sensitivity",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="0 open to 3 highest",
        ),
        sa.Column("stream_url", sa.Text(), nullable=True, comment="without credentials"),
        sa.Column("credential_id", sa.Integer(), nullable=True),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "version", sa.Integer(), server_default="1", nullable=False, comment="counts edits; the ETag"
        ),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "tile_x",
            sa.Integer(),
            sa.Computed("floor((ST_X(geom) + 180) / 360 * 67108864)::int", persisted=True),
            nullable=True,
            comment="web mercator, 2^26 to the world",
        ),
        sa.Column(
            "tile_y",
            sa.Integer(),
            sa.Computed(
                "floor((1 - ln(tan(radians(ST_Y(geom))) + 1 / cos(radians(ST_Y(geom)))) / pi()) / 2 * 67108864)::int",
                persisted=True,
            ),
            nullable=True,
            comment="web mercator, 2^26 to the world",
        ),
        sa.CheckConstraint(
            "stream_url is null or stream_url !~ '^[a-z]+://[^/]*@'",
            name=op.f("ck_camera_no_credentials_in_url"),
        ),
        sa.CheckConstraint("(unit_id is null) = (unit_tree is null)", name=op.f("ck_camera_unit_with_tree")),
        sa.CheckConstraint("sensitivity between 0 and 3", name=op.f("ck_camera_sensitivity")),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.id"], name=op.f("fk_camera_credential_id_credential")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organisation.id"], name=op.f("fk_camera_unit_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camera")),
        sa.UniqueConstraint("code", name=op.f("uq_camera_code")),
        comment="the catalogue: one row a feed",
    )
    op.create_index("ix_camera_geom", "camera", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(
        "ix_camera_tile",
        "camera",
        ["tile_x", "tile_y"],
        unique=False,
        postgresql_include=["id", "unit_tree", "sensitivity"],
    )
    op.create_index("ix_camera_unit_tree", "camera", ["unit_tree", "id"], unique=False)
    op.create_table(
        "point",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("layer_id", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False),
            nullable=False,
        ),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("unit_tree", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["layer_id"], ["point_layer.id"], name=op.f("fk_point_layer_id_point_layer")),
        sa.ForeignKeyConstraint(["unit_id"], ["organisation.id"], name=op.f("fk_point_unit_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point")),
        sa.UniqueConstraint("layer_id", "code", name=op.f("uq_point_layer_id_code")),
        comment="points of interest",
    )
    op.create_index("ix_point_geom", "point", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True, comment="null when nobody was known"),
        sa.Column(
            "action", sa.Text(), nullable=False, comment="e.g. session.open, camera.edit, evidence.view"
        ),
        sa.Column("object", sa.Text(), nullable=True, comment="e.g. camera/17"),
        sa.Column(
            "detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("client", postgresql.INET(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_audit_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        comment="who did what, append only",
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_table(
        "camera_scene",
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("scene_id", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="person, rule, suggestion or import"),
        sa.Column("confidence", sa.REAL(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("assigned_by", sa.Integer(), nullable=True),
        sa.Column(
            "assigned_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "source in ('person', 'rule', 'suggestion', 'import')", name=op.f("ck_camera_scene_source")
        ),
        sa.CheckConstraint("confidence between 0 and 1", name=op.f("ck_camera_scene_confidence")),
        sa.ForeignKeyConstraint(
            ["assigned_by"], ["account.id"], name=op.f("fk_camera_scene_assigned_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["camera.id"], name=op.f("fk_camera_scene_camera_id_camera"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["scene_id"], ["scene.id"], name=op.f("fk_camera_scene_scene_id_scene")),
        sa.PrimaryKeyConstraint("camera_id", "scene_id", name=op.f("pk_camera_scene")),
        comment="which scenes a camera serves, and who says so",
    )
    op.create_index("ix_camera_scene_scene_id", "camera_scene", ["scene_id", "camera_id"], unique=False)
    op.create_table(
        "camera_state",
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="models.camera.CameraState",
        ),
        sa.Column(
            "since", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("looked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True, comment="of the last look"),
        sa.Column("failures", sa.SmallInteger(), server_default="0", nullable=False, comment="in a row"),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["camera.id"], name=op.f("fk_camera_state_camera_id_camera"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("camera_id", name=op.f("pk_camera_state")),
        comment="what is known of each camera's health",
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "session",
        sa.Column(
            "token_hash", sa.LargeBinary(), nullable=False, comment="sha256; the token itself is never stored"
        ),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_session_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
        comment="who is logged in",
    )
    op.create_index("ix_session_account_id", "session", ["account_id"], unique=False)
    op.create_table(
        "watch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False, comment="name of the scene rule"),
        sa.Column("recogniser", sa.Text(), nullable=False),
        sa.Column("scene_id", sa.SmallInteger(), nullable=True),
        sa.Column("cadence_s", sa.Integer(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="overrides of the rule's presets",
        ),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("cadence_s > 0", name=op.f("ck_watch_cadence")),
        sa.CheckConstraint("priority between 1 and 5", name=op.f("ck_watch_priority")),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["camera.id"], name=op.f("fk_watch_camera_id_camera"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["scene_id"], ["scene.id"], name=op.f("fk_watch_scene_id_scene")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch")),
        sa.UniqueConstraint("camera_id", "rule", name=op.f("uq_watch_camera_id_rule")),
        comment="camera x rule x cadence: what the calendar plans",
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "severity", sa.SmallInteger(), nullable=False, comment="GB/T 28181 alarm priority, 1 highest"
        ),
        sa.Column("confidence", sa.REAL(), nullable=False),
        sa.Column("scene_id", sa.SmallInteger(), nullable=True),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("watch_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True, comment="the responsible unit"),
        sa.Column("unit_tree", sa.Integer(), nullable=True),
        sa.Column(
            "sensitivity", sa.SmallInteger(), server_default="0", nullable=False, comment="of its camera"
        ),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False),
            nullable=True,
        ),
        sa.Column("accuracy_m", sa.REAL(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True, comment="sha256 of the picture that decided it"),
        sa.Column(
            "facts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="what the rule weighed",
        ),
        sa.Column("exercise", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "sequence", sa.Integer(), server_default="1", nullable=False, comment="of its newest event"
        ),
        sa.Column("opened_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'closed') = (closed_at is not null)", name=op.f("ck_incident_closed")),
        sa.CheckConstraint("state in ('suspected', 'confirmed', 'closed')", name=op.f("ck_incident_state")),
        sa.CheckConstraint("severity between 1 and 4", name=op.f("ck_incident_severity")),
        sa.ForeignKeyConstraint(["camera_id"], ["camera.id"], name=op.f("fk_incident_camera_id_camera")),
        sa.ForeignKeyConstraint(["scene_id"], ["scene.id"], name=op.f("fk_incident_scene_id_scene")),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organisation.id"], name=op.f("fk_incident_unit_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["watch_id"], ["watch.id"], name=op.f("fk_incident_watch_id_watch"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        comment="matters that somebody must act on",
    )
    op.create_index("ix_incident_geom", "incident", ["geom"], unique=False, postgresql_using="gist")
    op.create_index("ix_incident_opened_at", "incident", ["opened_at", "id"], unique=False)
    op.create_index(
        "ix_incident_evidence", "incident", ["evidence"], postgresql_where=sa.text("evidence is not null")
    )
    op.create_index(
        "uq_incident_open_watch",
        "incident",
        ["watch_id"],
        unique=True,
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_table(
        "rule_state",
        sa.Column("watch_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "captured_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="of the newest observation that counted",
        ),
        sa.Column("look_id", sa.UUID(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "incident_id", sa.BigInteger(), nullable=True, comment="the incident that this watch holds open"
        ),
        sa.ForeignKeyConstraint(
            ["watch_id"], ["watch.id"], name=op.f("fk_rule_state_watch_id_watch"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("watch_id", name=op.f("pk_rule_state")),
        comment="what each watch's rule remembers",
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "body",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="the CloudEvent, complete",
        ),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("published_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_outbox_incident_id_incident")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_id")),
        sa.UniqueConstraint("incident_id", "sequence", name=op.f("uq_outbox_incident_id_sequence")),
        comment="events that were decided; the relay publishes them in order",
    )
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["seq"],
        unique=False,
        postgresql_where=sa.text("published_at is null"),
    )
    op.create_table(
        "idempotency",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "request_hash", sa.LargeBinary(), nullable=False, comment="sha256 of method, path and body"
        ),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column(
            "headers",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_idempotency_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_idempotency")),
        comment="answers to writes, given again when the same write comes again",
    )
    op.create_index("ix_idempotency_created_at", "idempotency", ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_idempotency_created_at", table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_index(
        "ix_outbox_unpublished", table_name="outbox", postgresql_where=sa.text("published_at is null")
    )
    op.drop_table("outbox")
    op.drop_table("rule_state")
    op.drop_index(
        "uq_incident_open_watch", table_name="incident", postgresql_where=sa.text("closed_at is null")
    )
    op.drop_index("ix_incident_evidence", table_name="incident")
    op.drop_index("ix_incident_opened_at", table_name="incident")
    op.drop_index("ix_incident_geom", table_name="incident", postgresql_using="gist")
    op.drop_table("incident")
    op.drop_table("watch")
    op.drop_index("ix_session_account_id", table_name="session")
    op.drop_table("session")
    op.drop_table("camera_state")
    op.drop_index("ix_camera_scene_scene_id", table_name="camera_scene")
    op.drop_table("camera_scene")
    op.drop_index("ix_audit_at", table_name="audit")
    op.drop_table("audit")
    op.drop_index("ix_point_geom", table_name="point", postgresql_using="gist")
    op.drop_table("point")
    op.drop_index("ix_camera_unit_tree", table_name="camera")
    op.drop_index(
        "ix_camera_tile", table_name="camera", postgresql_include=["id", "unit_tree", "sensitivity"]
    )
    op.drop_index("ix_camera_geom", table_name="camera", postgresql_using="gist")
    op.drop_table("camera")
    op.drop_table("account")
    op.drop_table("scene")
    op.drop_index("ix_road_geom", table_name="road", postgresql_using="gist")
    op.drop_table("road")
    op.drop_table("point_layer")
    op.drop_index("ix_organisation_geom", table_name="organisation", postgresql_using="gist")
    op.drop_table("organisation")
    op.drop_table("credential")
