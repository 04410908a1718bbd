"""tiles: narrow tables in the order of the map, kept from the catalogue; places up to the poles."""

import sqlalchemy as sa
from alembic import op

from models.migrations.tiles_0009 import AFTER_TABLES, BEFORE_TABLES, REMOVED, TILE_X, TILE_Y

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COMMENT = "web mercator, 2^26 to the world"
BEFORE = (
    "floor((ST_X(geom) + 180) / 360 * 67108864)::int",
    "floor((1 - ln(tan(radians(ST_Y(geom))) + 1 / cos(radians(ST_Y(geom)))) / pi()) / 2 * 67108864)::int",
)


def upgrade() -> None:
    op.drop_index("ix_camera_tile", "camera")
    op.drop_index("ix_point_tile", "point")
    _place_with(TILE_X, TILE_Y)
    op.create_index(
        "ix_point_tile", "point", ["tile_x", "tile_y"], postgresql_include=["id", "layer_id", "unit_tree"]
    )
    run = op.get_bind().exec_driver_sql
    for statement in BEFORE_TABLES:
        run(statement)
    _tables()
    for statement in AFTER_TABLES:
        run(statement)
    # Cameras that were there before.
    run(
        "insert into camera_tile_due select array_agg(id), count(*) from camera where tile_x is not null"
        " having count(*) > 0"
    )


def _place_with(x: str, y: str) -> None:
    for table in ("camera", "point"):
        for name, formula in (("tile_x", x), ("tile_y", y)):
            op.drop_column(table, name)
            op.add_column(
                table,
                sa.Column(
                    name, sa.Integer(), sa.Computed(formula, persisted=True), nullable=True, comment=COMMENT
                ),
            )


def _tables() -> None:
    op.create_table(
        "camera_tile_due",
        sa.Column(
            "camera_ids",
            sa.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="may come twice, may be deleted meanwhile",
        ),
        sa.Column("cameras", sa.Integer(), nullable=False, comment="how many"),
        comment="what statements noted: cameras whose row in camera_tile is to be made anew",
    )
    op.create_table(
        "camera_tile",
        sa.Column("camera_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False, comment="tile_place(tile_x, tile_y)"),
        sa.Column("tile_x", sa.Integer(), nullable=False),
        sa.Column("tile_y", sa.Integer(), nullable=False),
        sa.Column("unit_tree", sa.Integer(), nullable=True),
        sa.Column("sensitivity", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("heading", sa.SmallInteger(), nullable=True, comment="degrees clockwise from north"),
        sa.Column("scene", sa.SmallInteger(), nullable=True, comment="its first"),
        sa.PrimaryKeyConstraint("camera_id", name=op.f("pk_camera_tile")),
        postgresql_with={"fillfactor": 80},
        comment="each camera that has a place, with what a tile shows of it",
    )
    op.create_index("ix_camera_tile_place", "camera_tile", ["place"])
    op.create_table(
        "camera_cell",
        sa.Column(
            "place", sa.BigInteger(), nullable=False, comment="the first of its cell, a tile of zoom 17"
        ),
        sa.Column("unit_tree", sa.Integer(), nullable=True),
        sa.Column("sensitivity", sa.SmallInteger(), nullable=False),
        sa.Column("cameras", sa.Integer(), nullable=False),
        sa.Column("online", sa.Integer(), nullable=False),
        sa.Column("degraded", sa.Integer(), nullable=False),
        sa.Column("offline", sa.Integer(), nullable=False),
        sa.Column("sum_x", sa.Double(), nullable=False, comment="of tile_x: whole numbers below 2^53"),
        sa.Column("sum_y", sa.Double(), nullable=False),
        sa.UniqueConstraint(
            "place",
            "unit_tree",
            "sensitivity",
            name=op.f("uq_camera_cell_place_unit_tree_sensitivity"),
            postgresql_nulls_not_distinct=True,
        ),
        comment="cameras of camera_tile counted by cell and by all that decides who may see them",
    )


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for statement in REMOVED:
        run(statement)
    for table in ("camera_cell", "camera_tile", "camera_tile_due"):
        op.drop_table(table)
    for statement in (
        "drop sequence camera_tile_version",
        "drop type camera_tile_part",
        "drop function tile_place(integer, integer)",
    ):
        run(statement)
    op.drop_index("ix_point_tile", "point")
    _place_with(*BEFORE)
    op.create_index(
        "ix_point_tile", "point", ["tile_x", "tile_y"], postgresql_include=["id", "layer_id", "unit_tree"]
    )
    op.create_index(
        "ix_camera_tile",
        "camera",
        ["tile_x", "tile_y"],
        postgresql_include=["id", "unit_tree", "sensitivity"],
    )
