"""the whole camera record of GB/T 28181-2022, and long work."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = (
    ("sub_stream_url", sa.Text(), "smaller stream, without credentials"),
    ("snapshot_url", sa.Text(), "single JPEG pictures, without credentials"),
    ("onvif_url", sa.Text(), "device service, without credentials"),
    ("protocol", sa.Text(), "how it is reached: rtsp, onvif, gb28181, http or vendor"),
    ("block", sa.Text(), "Block: police district"),
    ("grassroots_code", sa.Text(), "GrassrootsCode, two digits"),
    ("parent_code", sa.Text(), "ParentID: code of the device or directory above it"),
    ("business_group_code", sa.Text(), "BusinessGroupID"),
    ("parental", sa.SmallInteger(), "Parental: 1 if devices hang below it, 0 if not"),
    ("register_way", sa.SmallInteger(), "RegisterWay: 1 to 3"),
    ("security_level", sa.Text(), "SecurityLevelCode: A, B or C"),
    ("secrecy", sa.SmallInteger(), "Secrecy: 0 open, 1 secret"),
    ("ip_address", postgresql.INET(), None),
    ("port", sa.Integer(), None),
    ("mac", sa.Text(), "aa:bb:cc:dd:ee:ff"),
    ("reported_status", sa.Text(), "Status as a platform said it; camera_state is what we saw"),
    ("point_type", sa.SmallInteger(), "PointType: 1, 2 or 3 by whose construction it is, 9 other"),
    ("point_common_name", sa.Text(), "PointCommonName"),
    ("photoelectric_type", sa.SmallInteger(), "PhotoelectricImagingType"),
    ("capture_position_type", sa.Text(), "CapturePositionType, up to 7 digits"),
    ("room_type", sa.SmallInteger(), "RoomType: 1 outdoor, 2 indoor"),
    ("supply_light_type", sa.SmallInteger(), "SupplyLight: 1 none, 2 IR, 3 white, 4 laser, 9 any"),
    ("direction_type", sa.SmallInteger(), "Direction: 1 E, 2 W, 3 S, 4 N, 5 SE, 6 NE, 7 SW, 8 NW"),
    ("resolution", sa.Text(), "Resolution, as reported"),
    ("stream_numbers", sa.Text(), "StreamNumberList, as reported"),
    ("download_speed", sa.Text(), "DownloadSpeed, as reported"),
    ("svc_space_mode", sa.SmallInteger(), "SVCSpaceSupportMode"),
    ("svc_time_mode", sa.SmallInteger(), "SVCTimeSupportMode"),
    ("svc_ratio", sa.Text(), "SSVCRatioSupportList"),
    ("mobile_device_type", sa.SmallInteger(), "MobileDeviceType"),
    ("encode_type", sa.Text(), "EncodeType"),
    ("function_type", sa.Text(), "FunctionType"),
    ("industrial_class", sa.Text(), "IndustrialClassification"),
    ("horizontal_field_deg", sa.REAL(), "horizontal field of view"),
    ("vertical_field_deg", sa.REAL(), "vertical field of view"),
    ("max_view_distance_m", sa.REAL(), "MaxViewDistance"),
    ("pitch_deg", sa.REAL(), "above the horizon positive, below negative"),
    ("installed_on", sa.Date(), "InstallTime"),
    ("management_unit", sa.Text(), "ManagementUnit"),
    ("maintainer", sa.Text(), "who mends it"),
    ("contact_info", sa.Text(), "ContactInfo: personal, shown to editors only"),
    ("record_save_days", sa.SmallInteger(), "RecordSaveDays"),
    ("source", sa.Text(), "the list it came from; null if it was entered by hand"),
    ("source_key", sa.Text(), "what the source itself calls it, where the code cannot tell"),
    ("source_seen_at", postgresql.TIMESTAMP(timezone=True), "when its source last listed it"),
    ("gone_since", postgresql.TIMESTAMP(timezone=True), "when its source ceased to list it; null is listed"),
)


def upgrade() -> None:
    for name, kind, comment in COLUMNS:
        op.add_column("camera", sa.Column(name, kind, nullable=True, comment=comment))
    op.create_check_constraint(
        op.f("ck_camera_no_credentials_in_other_urls"),
        "camera",
        "coalesce(sub_stream_url, '') !~ '^[a-z]+://[^/]*@' and coalesce(snapshot_url, '') !~ '^[a-z]+://[^/]*@'"
        " and coalesce(onvif_url, '') !~ '^[a-z]+://[^/]*@'",
    )
    op.create_unique_constraint(op.f("uq_camera_source_source_key"), "camera", ["source", "source_key"])
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="e.g. import, export, assess"),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True, comment="who asked; null is the system itself"),
        sa.Column("parameters", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("file", sa.Text(), nullable=True, comment="name of what was uploaded, in the jobs folder"),
        sa.Column("stage", sa.Text(), server_default="", nullable=False, comment="what is being done"),
        sa.Column("share", sa.REAL(), server_default="0", nullable=False, comment="finished share, 0 to 1"),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("cancel_asked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("result", postgresql.JSONB(), nullable=True, comment="what came of it"),
        sa.Column(
            "problem", postgresql.JSONB(), nullable=True, comment="code, detail and remedy of what stopped it"
        ),
        sa.Column(
            "asked_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "beat_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="its clerk lived then"
        ),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_job_state")
        ),
        sa.CheckConstraint("share between 0 and 1", name=op.f("ck_job_share")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_job_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        comment="long work that somebody asked for",
    )
    op.create_index("ix_job_open", "job", ["id"], postgresql_where=sa.text("ended_at is null"))
    op.create_index("ix_job_account_id", "job", ["account_id", "id"])


def downgrade() -> None:
    op.drop_table("job")
    op.drop_constraint(op.f("uq_camera_source_source_key"), "camera")
    op.drop_constraint(op.f("ck_camera_no_credentials_in_other_urls"), "camera")
    for name, _, _ in COLUMNS:
        op.drop_column("camera", name)
