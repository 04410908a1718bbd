"""search: texts as they are looked for, kept by the store itself."""

import sqlalchemy as sa
from alembic import op

from models.migrations.search_0008 import FUNCTIONS, UPKEEP

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for statement in FUNCTIONS:
        run(statement)
    op.create_table(
        "camera_search",
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False, comment="search_key of the name"),
        sa.Column("code", sa.Text(collation="C"), nullable=False, comment="search_key of the device id"),
        sa.Column("rest", sa.Text(collation="C"), nullable=False, comment="of the address and the owner"),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["camera.id"], name=op.f("fk_camera_search_camera_id_camera"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("camera_id", name=op.f("pk_camera_search")),
        comment="what is written of each camera, normalised; kept by a trigger and by the keeper of the index",
    )
    op.create_index(
        "ix_camera_search_name", "camera_search", ["name", "camera_id"], postgresql_include=["code", "rest"]
    )
    op.create_index("ix_camera_search_code", "camera_search", ["code", "camera_id"])
    op.create_index(
        "ix_camera_search_grams",
        "camera_search",
        [sa.text("search_grams(name)"), sa.text("search_grams(rest)")],
        postgresql_using="gin",
    )
    op.create_table(
        "search_gram",
        sa.Column(
            "gram", sa.BigInteger(), autoincrement=False, nullable=False, comment="as search_grams has it"
        ),
        sa.Column(
            "in_name",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="names with it, when last counted",
        ),
        sa.Column(
            "elsewhere",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="addresses and owners with it",
        ),
        sa.PrimaryKeyConstraint("gram", name=op.f("pk_search_gram")),
        comment="pairs that occur: for spelling, pinyin and the choice of a plan; 0 counts cameras",
    )
    op.create_table(
        "search_behind",
        sa.Column("xact", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("xact", name=op.f("pk_search_behind")),
        comment="transactions whose cameras are not all indexed yet",
    )
    for statement in UPKEEP:
        run(statement)
    op.create_index(
        "ix_audit_camera",
        "audit",
        ["object", "id"],
        postgresql_where=sa.text("starts_with(action, 'camera.')"),
    )
    # Cameras that were there before.
    run(
        "insert into search_behind select pg_current_xact_id()::text::bigint where exists (select from camera)"
    )


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    op.drop_index("ix_audit_camera", "audit")
    run("drop view camera_words")
    run("drop trigger search_inserted on camera")
    run("drop trigger search_updated on camera")
    run("drop function camera_text_changed()")
    for table in ("search_behind", "search_gram", "camera_search"):
        op.drop_table(table)
    for function in ("search_grams(text)", "search_rest(text, text)", "search_key(text)"):
        run(f"drop function {function}")
