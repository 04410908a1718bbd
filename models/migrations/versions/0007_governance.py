"""governance: rules, faults, scores, and what each day's assessment counted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = postgresql.TIMESTAMP(timezone=True)
NOW = sa.text("now()")
EMPTY = sa.text("'{}'")

FORGET = """
create function governance_forget() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    truncate camera_fault, camera_score;
  else
    delete from camera_fault f using gone where f.camera_id = gone.id;
    delete from camera_score s using gone where s.camera_id = gone.id;
  end if;
  return null;
end
$$
"""

FORGET_DELETED = """
create trigger governance_forget_deleted after delete on camera
referencing old table as gone for each statement execute function governance_forget()
"""

FORGET_TRUNCATED = """
create trigger governance_forget_truncated after truncate on camera
for each statement execute function governance_forget()
"""


def versioned() -> tuple[sa.Column, sa.Column]:
    return (
        sa.Column(
            "version", sa.Integer(), server_default="1", nullable=False, comment="counts edits; the ETag"
        ),
        sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
    )


def upgrade() -> None:
    op.create_table(
        "governance_rule",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "family", sa.Text(), nullable=False, comment="identity, record, place, duplicate, naming …"
        ),
        sa.Column("field", sa.Text(), nullable=False, comment="the field that is to be mended"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="with {value} and {threshold} in it"),
        sa.Column("reason_en", sa.Text(), nullable=False, comment="with {value} and {threshold} in it"),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("remedy_en", sa.Text(), nullable=False),
        sa.Column("weight", sa.REAL(), nullable=False, comment="points that a fault costs, of 100"),
        sa.Column("severity", sa.SmallInteger(), nullable=False, comment="1 highest to 4"),
        sa.Column(
            "required", sa.Boolean(), nullable=False, comment="whether record completeness asks for it"
        ),
        sa.Column(
            "duty", sa.Text(), nullable=False, comment="who mends it: unit, owner, maintainer or platform"
        ),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=True, comment="null where the rule has none"),
        sa.Column("threshold_least", sa.Double(), nullable=True),
        sa.Column("threshold_most", sa.Double(), nullable=True),
        sa.Column("threshold_unit", sa.Text(), server_default="", nullable=False),
        *versioned(),
        sa.CheckConstraint("weight between 0 and 100", name=op.f("ck_governance_rule_weight")),
        sa.CheckConstraint("severity between 1 and 4", name=op.f("ck_governance_rule_severity")),
        sa.CheckConstraint(
            "duty in ('unit', 'owner', 'maintainer', 'platform')", name=op.f("ck_governance_rule_duty")
        ),
        sa.CheckConstraint(
            "threshold between threshold_least and threshold_most", name=op.f("ck_governance_rule_threshold")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_governance_rule")),
        sa.UniqueConstraint("code", name=op.f("uq_governance_rule_code")),
        comment="what a record is judged by; rows are data that a city edits",
    )
    op.create_table(
        "governance_indicator",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("formula", sa.Text(), nullable=False),
        sa.Column("formula_en", sa.Text(), nullable=False),
        sa.Column(
            "measure",
            sa.Text(),
            nullable=False,
            comment="share of cameras that pass, or mean of their values",
        ),
        sa.Column("threshold", sa.Double(), nullable=False, comment="least rate that passes, 0 to 1"),
        sa.Column("valid_hours", sa.Integer(), nullable=False, comment="an older check counts as none"),
        *versioned(),
        sa.CheckConstraint("measure in ('share', 'mean')", name=op.f("ck_governance_indicator_measure")),
        sa.CheckConstraint("threshold between 0 and 1", name=op.f("ck_governance_indicator_threshold")),
        sa.CheckConstraint(
            "valid_hours between 1 and 8760", name=op.f("ck_governance_indicator_valid_hours")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_governance_indicator")),
        comment="the rates that a city is measured by, with what passes",
    )
    op.create_table(
        "governance_setting",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("least", sa.Double(), nullable=False),
        sa.Column("most", sa.Double(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        *versioned(),
        sa.CheckConstraint("value between least and most", name=op.f("ck_governance_setting_value")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_governance_setting")),
        comment="what else a city decides of its assessments",
    )
    _create_findings()
    _create_history()
    for statement in (FORGET, FORGET_DELETED, FORGET_TRUNCATED):
        op.execute(statement)


def _create_findings() -> None:
    op.create_table(
        "camera_fault",
        sa.Column("camera_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rule_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False, comment="1 open, 2 excused, 3 mended"),
        sa.Column(
            "value",
            sa.Text(),
            nullable=True,
            comment="what is wrong, as it stands there; never an address or a contact",
        ),
        sa.Column("other_id", sa.BigInteger(), nullable=True, comment="a camera that it clashes with"),
        sa.Column("since", MOMENT, nullable=False, comment="of the assessment that found it"),
        sa.Column("mended_at", MOMENT, nullable=True),
        sa.Column("excuse", sa.Text(), nullable=True, comment="why it may stay"),
        sa.Column("excused_until", MOMENT, nullable=True),
        sa.Column("excused_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("state between 1 and 3", name=op.f("ck_camera_fault_state")),
        sa.CheckConstraint("(state = 3) = (mended_at is not null)", name=op.f("ck_camera_fault_mended")),
        sa.CheckConstraint(
            "(excuse is null) = (excused_until is null)", name=op.f("ck_camera_fault_excused")
        ),
        sa.ForeignKeyConstraint(
            ["excused_by"], ["account.id"], name=op.f("fk_camera_fault_excused_by_account")
        ),
        sa.PrimaryKeyConstraint("camera_id", "rule_id", name=op.f("pk_camera_fault")),
        comment="what each rule found on each camera; a mended fault stays, to be known when it comes back",
    )
    op.create_index(
        "ix_camera_fault_rule_id",
        "camera_fault",
        ["rule_id", "camera_id"],
        postgresql_where=sa.text("state < 3"),
    )
    op.create_index(
        "ix_camera_fault_other_id",
        "camera_fault",
        ["other_id"],
        postgresql_where=sa.text("other_id is not null and state < 3"),
    )
    op.create_table(
        "camera_score",
        sa.Column("camera_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("score", sa.REAL(), nullable=False, comment="0 to 100"),
        sa.Column("passed", sa.Boolean(), nullable=False, comment="no fault of a required rule is open"),
        sa.Column("excused", sa.Boolean(), nullable=False, comment="it would not pass but for an excuse"),
        sa.Column("faults", sa.SmallInteger(), nullable=False, comment="open ones"),
        sa.Column("since", MOMENT, nullable=False, comment="of the assessment that first came to this"),
        sa.PrimaryKeyConstraint("camera_id", name=op.f("pk_camera_score")),
        postgresql_with={"fillfactor": 70},
        comment="how good each camera's record is",
    )
    op.create_table(
        "camera_check",
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False, comment="code of an indicator"),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.Column(
            "value",
            sa.Double(),
            nullable=True,
            comment="where the indicator is a mean: the share that was reached, 0 to 1",
        ),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("value between 0 and 1", name=op.f("ck_camera_check_value")),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["camera.id"],
            name=op.f("fk_camera_check_camera_id_camera"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("camera_id", "indicator", name=op.f("pk_camera_check")),
        comment="the newest check of each camera for each indicator, by whoever checks it",
    )


def _create_history() -> None:
    op.create_table(
        "governance_run",
        sa.Column("day", sa.Date(), nullable=False, comment="in the city's time zone"),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("cameras", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False, comment="new faults"),
        sa.Column("mended", sa.Integer(), nullable=False, comment="faults that were gone"),
        sa.Column(
            "rules_version",
            sa.Integer(),
            nullable=False,
            comment="sum of the rules' versions: grows with edits",
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_governance_run")),
        comment="the last assessment of each day",
    )
    op.create_table(
        "governance_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False, comment="unit, scene or owner"),
        sa.Column(
            "key", sa.Text(), nullable=False, comment="code of the scene, name of the owner; empty by unit"
        ),
        sa.Column("unit_id", sa.Integer(), nullable=True, comment="where they stand"),
        sa.Column("sensitivity", sa.SmallInteger(), nullable=False, comment="of the cameras"),
        sa.Column("cameras", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False, comment="sum of their scores"),
        sa.Column("excused", sa.Integer(), nullable=False, comment="records that pass by an excuse"),
        sa.Column(
            "checks",
            postgresql.JSONB(),
            server_default=EMPTY,
            nullable=False,
            comment="indicator: [checked, passed, sum]",
        ),
        sa.Column(
            "faults", postgresql.JSONB(), server_default=EMPTY, nullable=False, comment="rule: open faults"
        ),
        sa.CheckConstraint("\"by\" in ('unit', 'scene', 'owner')", name=op.f("ck_governance_day_by")),
        sa.ForeignKeyConstraint(
            ["day"],
            ["governance_run.day"],
            name=op.f("fk_governance_day_day_governance_run"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["organisation.id"],
            name=op.f("fk_governance_day_unit_id_organisation"),
            ondelete="SET NULL",
        ),
        comment="what each day's assessment counted, as fine as any scope may ask for it",
    )
    op.create_index("ix_governance_day_day", "governance_day", ["day", "by", "key"])


def downgrade() -> None:
    op.execute("drop trigger governance_forget_truncated on camera")
    op.execute("drop trigger governance_forget_deleted on camera")
    op.execute("drop function governance_forget")
    for name in (
        "governance_day",
        "governance_run",
        "camera_check",
        "camera_score",
        "camera_fault",
        "governance_setting",
        "governance_indicator",
        "governance_rule",
    ):
        op.drop_table(name)
