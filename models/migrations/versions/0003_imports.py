"""imports: what is remembered of each list, every batch that came in, and where points came from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True)

POINT_COLUMNS = (
    ("longitude", sa.Double(), "as declared, in declared_crs"),
    ("latitude", sa.Double(), "as declared, in declared_crs"),
    ("declared_crs", sa.Text(), "WGS-84, CGCS2000, GCJ-02 or BD-09, as declared"),
    ("source", sa.Text(), "the list it came from; null if it was entered by hand"),
    ("source_key", sa.Text(), "what the source itself calls it, where the code cannot tell"),
    ("source_seen_at", MOMENT, "when its source last said something new of it"),
    ("gone_since", MOMENT, "when its source ceased to list it; null is listed"),
)


def upgrade() -> None:
    op.create_table(
        "import_source",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="cameras or points"),
        sa.Column("name", sa.Text(), nullable=False, comment="as camera.source has it"),
        sa.Column(
            "mapping",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="header to field, as told",
        ),
        sa.Column("crs", sa.Text(), comment="reference system of rows that declare none, as told"),
        sa.Column("listed_at", MOMENT, nullable=False, comment="when its last whole list came in"),
        sa.CheckConstraint("kind in ('cameras', 'points')", name=op.f("ck_import_source_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_source")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_import_source_kind_name")),
        comment="the lists that records come from, and what was told of their columns",
    )
    op.create_table(
        "import_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False, comment="its name, as its sender calls it"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the file"),
        sa.Column("account_id", sa.Integer(), comment="who asked; null is the system itself"),
        sa.Column(
            "unit_tree",
            sa.Integer(),
            comment="tree_left of the asker's unit: the report is for it and above",
        ),
        sa.Column("sensitivity", sa.SmallInteger(), nullable=False, comment="up to which the asker sees"),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column(
            "partial", sa.Boolean(), nullable=False, comment="a supplement, after which nothing is gone"
        ),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("rows", "refused", "new", "changed", "unchanged", "gone")
        ),
        sa.Column(
            "report", postgresql.JSONB(), nullable=False, comment="camera_registry.importing.ImportReport"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_import_batch_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["import_source.id"], name=op.f("fk_import_batch_source_id_import_source")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
        comment="every list that came in, and what came of it",
    )
    op.create_index("ix_import_batch_source_id", "import_batch", ["source_id", "id"])
    for name, kind, comment in POINT_COLUMNS:
        op.add_column("point", sa.Column(name, kind, nullable=True, comment=comment))
    op.add_column(
        "point",
        sa.Column(
            "version", sa.Integer(), server_default="1", nullable=False, comment="counts edits; the ETag"
        ),
    )
    op.add_column("point", sa.Column("updated_at", MOMENT, server_default=sa.text("now()"), nullable=False))
    op.create_unique_constraint(op.f("uq_point_source_source_key"), "point", ["source", "source_key"])
    op.alter_column("camera", "source_seen_at", comment="when its source last said something new of it")
    op.create_index(
        "ix_audit_record_edit",
        "audit",
        ["object", "id"],
        postgresql_where=sa.text("action in ('camera.edit', 'point.edit')"),
    )


def downgrade() -> None:
    op.drop_index("ix_audit_record_edit", table_name="audit")
    op.alter_column("camera", "source_seen_at", comment="when its source last listed it")
    op.drop_constraint(op.f("uq_point_source_source_key"), "point")
    for name in ("updated_at", "version", *(name for name, _, _ in reversed(POINT_COLUMNS))):
        op.drop_column("point", name)
    op.drop_table("import_batch")
    op.drop_table("import_source")
