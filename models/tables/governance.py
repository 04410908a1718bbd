"""What is wrong with the records, by which rules it is judged, and what became of it day by day."""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from models.tables.base import NOW, Moment, metadata

EMPTY = text("'{}'")

governance_rule = Table(
    "governance_rule",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("family", Text, nullable=False, comment="identity, record, place, duplicate, naming …"),
    Column("field", Text, nullable=False, comment="the field that is to be mended"),
    Column("title", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("reason", Text, nullable=False, comment="with {value} and {threshold} in it"),
    Column("reason_en", Text, nullable=False, comment="with {value} and {threshold} in it"),
    Column("remedy", Text, nullable=False),
    Column("remedy_en", Text, nullable=False),
    Column("weight", REAL, nullable=False, comment="points that a fault costs, of 100"),
    Column("severity", SmallInteger, nullable=False, comment="1 highest to 4"),
    Column("required", Boolean, nullable=False, comment="whether record completeness asks for it"),
    Column("duty", Text, nullable=False, comment="who mends it: unit, owner, maintainer or platform"),
    Column("enabled", Boolean, nullable=False),
    Column("threshold", Double, comment="null where the rule has none"),
    Column("threshold_least", Double),
    Column("threshold_most", Double),
    Column("threshold_unit", Text, nullable=False, server_default=""),
    Column("version", Integer, nullable=False, server_default="1", comment="counts edits; the ETag"),
    Column("updated_at", Moment, nullable=False, server_default=NOW),
    CheckConstraint("weight between 0 and 100", name="weight"),
    CheckConstraint("severity between 1 and 4", name="severity"),
    CheckConstraint("duty in ('unit', 'owner', 'maintainer', 'platform')", name="duty"),
    CheckConstraint("threshold between threshold_least and threshold_most", name="threshold"),
    comment="what a record is judged by; rows are data that a city edits",
)

governance_indicator = Table(
    "governance_indicator",
    metadata,
    Column("code", Text, primary_key=True),
    Column("position", SmallInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("formula", Text, nullable=False),
    Column("formula_en", Text, nullable=False),
    Column("measure", Text, nullable=False, comment="share of cameras that pass, or mean of their values"),
    Column("threshold", Double, nullable=False, comment="least rate that passes, 0 to 1"),
    Column("valid_hours", Integer, nullable=False, comment="an older check counts as none"),
    Column("version", Integer, nullable=False, server_default="1", comment="counts edits; the ETag"),
    Column("updated_at", Moment, nullable=False, server_default=NOW),
    CheckConstraint("measure in ('share', 'mean')", name="measure"),
    CheckConstraint("threshold between 0 and 1", name="threshold"),
    CheckConstraint("valid_hours between 1 and 8760", name="valid_hours"),
    comment="the rates that a city is measured by, with what passes",
)

governance_setting = Table(
    "governance_setting",
    metadata,
    Column("code", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("value", Double, nullable=False),
    Column("least", Double, nullable=False),
    Column("most", Double, nullable=False),
    Column("unit", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="1", comment="counts edits; the ETag"),
    Column("updated_at", Moment, nullable=False, server_default=NOW),
    CheckConstraint("value between least and most", name="value"),
    comment="what else a city decides of its assessments",
)

# The next two have no foreign key to the camera: checking one costs 25 µs a row, 17 s for a city's faults,
# and locks its camera. A trigger on the camera's table takes them away with it instead.
camera_fault = Table(
    "camera_fault",
    metadata,
    Column("camera_id", BigInteger, primary_key=True, autoincrement=False),
    Column("rule_id", SmallInteger, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, nullable=False, comment="1 open, 2 excused, 3 mended"),
    Column("value", Text, comment="what is wrong, as it stands there; never an address or a contact"),
    Column("other_id", BigInteger, comment="a camera that it clashes with"),
    Column("since", Moment, nullable=False, comment="of the assessment that found it"),
    Column("mended_at", Moment),
    Column("excuse", Text, comment="why it may stay"),
    Column("excused_until", Moment),
    Column("excused_by", ForeignKey("account.id")),
    CheckConstraint("state between 1 and 3", name="state"),
    CheckConstraint("(state = 3) = (mended_at is not null)", name="mended"),
    CheckConstraint("(excuse is null) = (excused_until is null)", name="excused"),
    Index("ix_camera_fault_rule_id", "rule_id", "camera_id", postgresql_where=text("state < 3")),
    Index(
        "ix_camera_fault_other_id", "other_id", postgresql_where=text("other_id is not null and state < 3")
    ),
    comment="what each rule found on each camera; a mended fault stays, to be known when it comes back",
)

camera_score = Table(
    "camera_score",
    metadata,
    Column("camera_id", BigInteger, primary_key=True, autoincrement=False),
    Column("score", REAL, nullable=False, comment="0 to 100"),
    Column("passed", Boolean, nullable=False, comment="no fault of a required rule is open"),
    Column("excused", Boolean, nullable=False, comment="it would not pass but for an excuse"),
    Column("faults", SmallInteger, nullable=False, comment="open ones"),
    Column("since", Moment, nullable=False, comment="of the assessment that first came to this"),
    postgresql_with={"fillfactor": 70},
    comment="how good each camera's record is",
)

camera_check = Table(
    "camera_check",
    metadata,
    Column("camera_id", ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True),
    Column("indicator", Text, primary_key=True, comment="code of an indicator"),
    Column("checked_at", Moment, nullable=False),
    Column("value", Double, comment="where the indicator is a mean: the share that was reached, 0 to 1"),
    Column("passed", Boolean, nullable=False),
    CheckConstraint("value between 0 and 1", name="value"),
    comment="the newest check of each camera for each indicator, by whoever checks it",
)

governance_run = Table(
    "governance_run",
    metadata,
    Column("day", Date, primary_key=True, comment="in the city's time zone"),
    Column("began_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("cameras", Integer, nullable=False),
    Column("found", Integer, nullable=False, comment="new faults"),
    Column("mended", Integer, nullable=False, comment="faults that were gone"),
    Column("rules_version", Integer, nullable=False, comment="sum of the rules' versions: grows with edits"),
    comment="the last assessment of each day",
)

governance_day = Table(
    "governance_day",
    metadata,
    Column("day", ForeignKey("governance_run.day", ondelete="CASCADE"), nullable=False),
    Column("by", Text, nullable=False, comment="unit, scene or owner"),
    Column("key", Text, nullable=False, comment="code of the scene, name of the owner; empty by unit"),
    Column("unit_id", ForeignKey("organisation.id", ondelete="SET NULL"), comment="where they stand"),
    Column("sensitivity", SmallInteger, nullable=False, comment="of the cameras"),
    Column("cameras", Integer, nullable=False),
    Column("score", Double, nullable=False, comment="sum of their scores"),
    Column("excused", Integer, nullable=False, comment="records that pass by an excuse"),
    Column(
        "checks", JSONB, nullable=False, server_default=EMPTY, comment="indicator: [checked, passed, sum]"
    ),
    Column("faults", JSONB, nullable=False, server_default=EMPTY, comment="rule: open faults"),
    CheckConstraint("\"by\" in ('unit', 'scene', 'owner')", name="by"),
    Index("ix_governance_day_day", "day", "by", "key"),
    comment="what each day's assessment counted, as fine as any scope may ask for it",
)

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

for statement in (FORGET, FORGET_DELETED, FORGET_TRUNCATED):
    event.listen(metadata, "after_create", DDL(statement))  # type: ignore[no-untyped-call]
