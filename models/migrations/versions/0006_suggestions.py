"""suggestions: rules, trained classifiers, and what they suggest."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "suggestion_rule",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("scene_id", sa.SmallInteger(), nullable=False),
        sa.Column(
            "conditions", postgresql.JSONB(), nullable=False, comment="what a camera must meet; all of them"
        ),
        sa.Column("confidence", sa.REAL(), nullable=False, comment="as its author states it"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "removed",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="so no preset returns",
        ),
        sa.Column(
            "matched", sa.Integer(), nullable=True, comment="classified cameras that it met in the last run"
        ),
        sa.Column("confirmed", sa.Integer(), nullable=True, comment="those of them that serve its scene"),
        sa.Column(
            "version", sa.Integer(), server_default="1", nullable=False, comment="counts edits; the ETag"
        ),
        sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="null is the preset"),
        sa.CheckConstraint("confidence between 0 and 1", name=op.f("ck_suggestion_rule_confidence")),
        sa.ForeignKeyConstraint(["scene_id"], ["scene.id"], name=op.f("fk_suggestion_rule_scene_id_scene")),
        sa.ForeignKeyConstraint(
            ["updated_by"], ["account.id"], name=op.f("fk_suggestion_rule_updated_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion_rule")),
        sa.UniqueConstraint("code", name=op.f("uq_suggestion_rule_code")),
        comment="rules that suggest scenes; rows are data that a city edits",
    )
    op.create_table(
        "suggestion_model",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False, comment="its version"),
        sa.Column("trained_at", MOMENT, nullable=False),
        sa.Column("trained_by", sa.Integer(), nullable=True, comment="who asked; null is the system itself"),
        sa.Column("weights", sa.LargeBinary(), nullable=False, comment="npz of plain arrays"),
        sa.Column("sha256", sa.LargeBinary(), nullable=False, comment="of the weights"),
        sa.Column("card", postgresql.JSONB(), nullable=False, comment="sizes, hold-out figures, calibration"),
        sa.ForeignKeyConstraint(
            ["trained_by"], ["account.id"], name=op.f("fk_suggestion_model_trained_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion_model")),
        comment="trained classifiers; the newest is in force",
    )
    _suggestion()


def _suggestion() -> None:
    op.create_table(
        "suggestion",
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("scene_id", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.REAL(), nullable=False),
        sa.Column(
            "reasons",
            postgresql.JSONB(),
            nullable=False,
            comment="strongest first; suggestion/reasons.py puts them in words",
        ),
        sa.Column("made_by", sa.Text(), nullable=False, comment="version of the rules or of the model"),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column(
            "evidence",
            sa.BigInteger(),
            nullable=False,
            comment="fingerprint: while it stays, a refusal holds",
        ),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column(
            "batch_id", sa.BigInteger(), nullable=True, comment="the classification that accepting made"
        ),
        sa.CheckConstraint("source in ('rule', 'learned')", name=op.f("ck_suggestion_source")),
        sa.CheckConstraint(
            "state in ('open', 'accepted', 'refused', 'superseded')", name=op.f("ck_suggestion_state")
        ),
        sa.CheckConstraint("confidence between 0 and 1", name=op.f("ck_suggestion_confidence")),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["camera.id"], name=op.f("fk_suggestion_camera_id_camera"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["scene_id"], ["scene.id"], name=op.f("fk_suggestion_scene_id_scene")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["account.id"], name=op.f("fk_suggestion_decided_by_account")
        ),
        sa.PrimaryKeyConstraint("camera_id", "scene_id", name=op.f("pk_suggestion")),
        comment="camera x scene as suggested, and what became of it",
    )
    op.create_index(
        "ix_suggestion_open",
        "suggestion",
        [sa.text("confidence desc"), "camera_id", "scene_id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "ix_suggestion_open_scene",
        "suggestion",
        ["scene_id", sa.text("confidence desc"), "camera_id"],
        postgresql_where=sa.text("state = 'open'"),
    )


def downgrade() -> None:
    op.drop_table("suggestion")
    op.drop_table("suggestion_model")
    op.drop_table("suggestion_rule")
