"""who changed which classifications: batches, their changes, and a narrow camera_scene."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True)

TRIGGERS = (
    """
create function classification_await() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('classification', 0));
  return null;
end
$$
""",
    """
create trigger classification_await before delete on camera
for each statement execute function classification_await()
""",
    """
create function classification_forget() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    truncate camera_scene, classification_change, classification_tally, classification_batch cascade;
  else
    delete from camera_scene s using gone where s.camera_id = gone.id;
  end if;
  return null;
end
$$
""",
    """
create trigger classification_forget_deleted after delete on camera
referencing old table as gone for each statement execute function classification_forget()
""",
    """
create trigger classification_forget_truncated after truncate on camera
for each statement execute function classification_forget()
""",
    """
create function classification_keep_scene() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('classification', 0));
  if exists (select from camera_scene where scene_id = old.id) then
    raise foreign_key_violation using message = format('cameras serve scene %s', old.code);
  end if;
  return old;
end
$$
""",
    """
create trigger classification_keep_scene before delete on scene
for each row execute function classification_keep_scene()
""",
)


def upgrade() -> None:
    _narrow_camera_scene()
    op.create_table(
        "classification_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True, comment="who; null is the system itself"),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column(
            "scenes", postgresql.ARRAY(sa.SmallInteger()), nullable=False, comment="those that were named"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="person, rule, suggestion or import"),
        sa.Column(
            "conflicts", sa.Text(), nullable=False, comment="what was done where others had decided otherwise"
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "asked",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="which cameras, as asked",
        ),
        sa.Column("undoes", sa.BigInteger(), nullable=True, comment="the batch that this one took back"),
        sa.Column(
            "root", sa.BigInteger(), nullable=False, comment="where the chain of undoing began; else itself"
        ),
        sa.CheckConstraint(
            "action in ('add', 'remove', 'replace', 'undo')", name=op.f("ck_classification_batch_action")
        ),
        sa.CheckConstraint(
            "(action = 'undo') = (undoes is not null)", name=op.f("ck_classification_batch_undo")
        ),
        sa.CheckConstraint(
            "conflicts in ('keep', 'beside', 'replace')", name=op.f("ck_classification_batch_conflicts")
        ),
        sa.CheckConstraint(
            "source in ('person', 'rule', 'suggestion', 'import')",
            name=op.f("ck_classification_batch_source"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_classification_batch_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["undoes"],
            ["classification_batch.id"],
            name=op.f("fk_classification_batch_undoes_classification_batch"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classification_batch")),
        comment="who changed classifications, when, why and which; append only",
    )
    op.create_index(
        "ix_classification_batch_undoes",
        "classification_batch",
        ["undoes"],
        postgresql_where=sa.text("undoes is not null"),
    )
    op.create_table(
        "classification_change",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False, comment="camera ids >> 10"),
        sa.Column("scene_id", sa.SmallInteger(), nullable=False),
        sa.Column("added", sa.Boolean(), nullable=False, comment="whether these assignments came or went"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("assigned_by", sa.Integer(), nullable=True),
        sa.Column("assigned_at", MOMENT, nullable=False),
        sa.Column("assigned_in", sa.BigInteger(), nullable=True, comment="their batch_id"),
        sa.Column(
            "offsets",
            postgresql.ARRAY(sa.SmallInteger()),
            nullable=False,
            comment="of the cameras in the block",
        ),
        sa.Column(
            "confidences",
            postgresql.ARRAY(sa.REAL()),
            nullable=True,
            comment="one an offset; null where none has any",
        ),
        sa.Column(
            "reasons",
            postgresql.ARRAY(sa.Text()),
            nullable=True,
            comment="one an offset; null where none has any",
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["classification_batch.id"],
            name=op.f("fk_classification_change_batch_id_classification_batch"),
        ),
        comment="what each batch changed, from which any past state can be told; append only",
    )
    op.create_index("ix_classification_change_batch_id", "classification_change", ["batch_id", "block"])
    op.create_index("ix_classification_change_block", "classification_change", ["block", "batch_id"])
    op.create_table(
        "classification_tally",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True, comment="where the cameras stood"),
        sa.Column("sensitivity", sa.SmallInteger(), nullable=False, comment="of the cameras"),
        sa.Column("cameras", sa.Integer(), nullable=False, comment="whose assignments changed"),
        sa.Column("added", sa.Integer(), nullable=False, comment="assignments that came"),
        sa.Column("removed", sa.Integer(), nullable=False, comment="assignments that went"),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["classification_batch.id"],
            name=op.f("fk_classification_tally_batch_id_classification_batch"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["organisation.id"],
            name=op.f("fk_classification_tally_unit_id_organisation"),
            ondelete="SET NULL",
        ),
        comment="what each batch changed, counted as finely as any scope may ask for it",
    )
    op.create_index("ix_classification_tally_batch_id", "classification_tally", ["batch_id"])
    op.create_index("ix_classification_tally_unit_id", "classification_tally", ["unit_id"])
    for statement in TRIGGERS:
        op.execute(statement)


def _narrow_camera_scene() -> None:
    op.add_column(
        "camera_scene",
        sa.Column(
            "batch_id",
            sa.BigInteger(),
            nullable=True,
            comment="the batch that said so; null is older than all batches",
        ),
    )
    op.alter_column("camera_scene", "reason", comment="its own; null is its batch's")
    op.alter_column("camera_scene", "assigned_by", comment="account.id; null is the system itself")
    for name in ("camera_id_camera", "scene_id_scene", "assigned_by_account"):
        op.drop_constraint(op.f(f"fk_camera_scene_{name}"), "camera_scene")
    op.drop_index("ix_camera_scene_scene_id", table_name="camera_scene")
    op.execute(
        "alter table camera_scene set"
        " (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)"
    )


def downgrade() -> None:
    op.execute("drop trigger classification_keep_scene on scene")
    op.execute("drop trigger classification_forget_truncated on camera")
    op.execute("drop trigger classification_forget_deleted on camera")
    op.execute("drop trigger classification_await on camera")
    op.execute("drop function classification_keep_scene, classification_forget, classification_await")
    op.drop_table("classification_tally")
    op.drop_table("classification_change")
    op.drop_table("classification_batch")
    op.execute(
        "alter table camera_scene reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay)"
    )
    op.create_index("ix_camera_scene_scene_id", "camera_scene", ["scene_id", "camera_id"])
    op.create_foreign_key(
        op.f("fk_camera_scene_camera_id_camera"),
        *("camera_scene", "camera", ["camera_id"], ["id"]),
        ondelete="CASCADE",
    )
    op.create_foreign_key(
        op.f("fk_camera_scene_scene_id_scene"), "camera_scene", "scene", ["scene_id"], ["id"]
    )
    op.create_foreign_key(
        op.f("fk_camera_scene_assigned_by_account"), "camera_scene", "account", ["assigned_by"], ["id"]
    )
    op.alter_column("camera_scene", "assigned_by", comment=None)
    op.alter_column("camera_scene", "reason", comment=None)
    op.drop_column("camera_scene", "batch_id")
