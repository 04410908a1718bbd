"""units and points: edits, history and style; coordinates that look misdeclared."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True)
TILE_COMMENT = "web mercator, 2^26 to the world"


def upgrade() -> None:
    _units()
    _points()
    _reference_systems()


def _units() -> None:
    op.add_column(
        "organisation",
        sa.Column(
            "version", sa.Integer(), server_default="1", nullable=False, comment="counts edits; the ETag"
        ),
    )
    op.add_column(
        "organisation", sa.Column("updated_at", MOMENT, server_default=sa.text("now()"), nullable=False)
    )
    op.create_table(
        "unit_change",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True, comment="who asked; null is the system itself"),
        sa.Column("file", sa.Text(), nullable=False, comment="its name, as its sender calls it"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the file"),
        sa.Column(
            "report",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="what came of it",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_unit_change_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_change")),
        comment="every change of the tree as a whole: imports of boundaries, and their undoing",
    )
    op.create_table(
        "unit_before",
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("civil_code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="order in the tree"),
        sa.Column(
            "geom",
            Geometry(geometry_type="MULTIPOLYGON", srid=4326, dimension=2, spatial_index=False),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["change_id"],
            ["unit_change.id"],
            name=op.f("fk_unit_before_change_id_unit_change"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("change_id", "code", name=op.f("pk_unit_before")),
        comment="the tree as it was before each change, so that a change can be undone",
    )


def _points() -> None:
    for column in (
        sa.Column(
            "symbol",
            sa.Text(),
            server_default="dot",
            nullable=False,
            comment="name of the sign that maps draw",
        ),
        sa.Column("color", sa.Text(), nullable=True, comment="#rrggbb; null is the family's"),
        sa.Column(
            "min_zoom",
            sa.SmallInteger(),
            server_default="10",
            nullable=False,
            comment="drawn from this zoom on",
        ),
        sa.Column(
            "visible",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="drawn until hidden",
        ),
        sa.Column(
            "version", sa.Integer(), server_default="1", nullable=False, comment="counts edits; the ETag"
        ),
    ):
        op.add_column("point_layer", column)
    op.create_check_constraint(op.f("ck_point_layer_color"), "point_layer", "color ~ '^#[0-9a-f]{6}$'")
    op.create_check_constraint(op.f("ck_point_layer_min_zoom"), "point_layer", "min_zoom between 0 and 22")
    for name, formula in (
        ("tile_x", "floor((ST_X(geom) + 180) / 360 * 67108864)::int"),
        (
            "tile_y",
            "floor((1 - ln(tan(radians(ST_Y(geom))) + 1 / cos(radians(ST_Y(geom)))) / pi()) / 2 * 67108864)::int",
        ),
    ):
        op.add_column(
            "point",
            sa.Column(
                name,
                sa.Integer(),
                sa.Computed(formula, persisted=True),
                nullable=True,
                comment=TILE_COMMENT,
            ),
        )
    op.create_index("ix_point_layer_id", "point", ["layer_id", "id"])
    op.create_index("ix_point_unit_tree", "point", ["unit_tree", "id"])
    op.create_index(
        "ix_point_tile",
        "point",
        ["tile_x", "tile_y"],
        postgresql_include=["id", "layer_id", "unit_tree"],
    )


def _reference_systems() -> None:
    op.create_table(
        "crs_survey",
        sa.Column("grouping", sa.Text(), nullable=False, comment="what the cameras of a group share"),
        sa.Column("at", MOMENT, nullable=False, comment="when it was last made"),
        sa.Column(
            "checked",
            sa.Integer(),
            nullable=False,
            comment="cameras that declare WGS-84, CGCS2000 or nothing",
        ),
        sa.Column(
            "backed",
            sa.Integer(),
            nullable=False,
            comment="of these, cameras that name a road or a point",
        ),
        sa.CheckConstraint("grouping in ('source', 'owner', 'unit')", name=op.f("ck_crs_survey_grouping")),
        sa.PrimaryKeyConstraint("grouping", name=op.f("pk_crs_survey")),
        comment="the last survey of declared coordinates, by what groups them",
    )
    op.create_table(
        "crs_finding",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("grouping", sa.Text(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False, comment="empty: they share that it is not known"),
        sa.Column("reading", sa.Text(), nullable=False, comment="gis.crs_check.Reading, by name"),
        sa.Column(
            "group_size", sa.Integer(), nullable=False, comment="cameras of the group that were checked"
        ),
        sa.Column(
            "members", postgresql.ARRAY(sa.BigInteger()), nullable=False, comment="the cameras, ascending"
        ),
        sa.Column(
            "likely",
            postgresql.ARRAY(sa.REAL()),
            nullable=False,
            comment="how likely each is rightly named, 0 to 1",
        ),
        sa.CheckConstraint("cardinality(members) = cardinality(likely)", name=op.f("ck_crs_finding_members")),
        sa.ForeignKeyConstraint(
            ["grouping"],
            ["crs_survey.grouping"],
            name=op.f("fk_crs_finding_grouping_crs_survey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crs_finding")),
        comment="what the last survey found of coordinates that look misdeclared",
    )
    op.create_index("ix_crs_finding_grouping", "crs_finding", ["grouping", "id"])
    op.create_table(
        "crs_repair",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True, comment="who asked; null is the system itself"),
        sa.Column("reading", sa.Text(), nullable=False, comment="gis.crs_check.Reading, by name"),
        sa.Column(
            "facts",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="what it was asked for by",
        ),
        sa.Column("undone_at", MOMENT, nullable=True, comment="when it was undone, as far as it could be"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_crs_repair_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crs_repair")),
        comment="cameras whose coordinates were declared anew",
    )
    op.create_table(
        "crs_repair_camera",
        sa.Column("repair_id", sa.Integer(), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "before", postgresql.JSONB(), nullable=False, comment="the columns of its place as they were"
        ),
        sa.Column("version", sa.Integer(), nullable=False, comment="of its record after the repair"),
        sa.ForeignKeyConstraint(
            ["repair_id"],
            ["crs_repair.id"],
            name=op.f("fk_crs_repair_camera_repair_id_crs_repair"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["camera.id"],
            name=op.f("fk_crs_repair_camera_camera_id_camera"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repair_id", "camera_id", name=op.f("pk_crs_repair_camera")),
        comment="each camera of a repair, and how its place was declared before",
    )
    op.create_index("ix_crs_repair_camera_camera_id", "crs_repair_camera", ["camera_id"])


def downgrade() -> None:
    for table in ("crs_repair_camera", "crs_repair", "crs_finding", "crs_survey"):
        op.drop_table(table)
    for index in ("ix_point_tile", "ix_point_unit_tree", "ix_point_layer_id"):
        op.drop_index(index, table_name="point")
    for column in ("tile_y", "tile_x"):
        op.drop_column("point", column)
    for constraint in ("ck_point_layer_min_zoom", "ck_point_layer_color"):
        op.drop_constraint(op.f(constraint), "point_layer")
    for column in ("version", "visible", "min_zoom", "color", "symbol"):
        op.drop_column("point_layer", column)
    op.drop_table("unit_before")
    op.drop_table("unit_change")
    for column in ("updated_at", "version"):
        op.drop_column("organisation", column)
