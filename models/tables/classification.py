"""Which scenes each camera serves, who says so, and every change of it."""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from models.tables.base import NOW, Moment, metadata

BLOCK_BITS = 10
"""A row of history holds cameras of one block of 2^10 ids, each as its two-byte offset: it fits into a page
uncompressed, and one camera's history reads its own block only."""

SOURCES = "('person', 'rule', 'suggestion', 'import')"

# No foreign keys and no second index: they make a stroke over 20,000 cameras 15 times as dear as its rows
# (686 ms against 48 ms). The one writer takes cameras and scenes from their own tables, in the statement that
# writes; triggers on those tables do the rest.
camera_scene = Table(
    "camera_scene",
    metadata,
    Column("camera_id", BigInteger, primary_key=True, autoincrement=False),
    Column("scene_id", SmallInteger, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False, comment="person, rule, suggestion or import"),
    Column("confidence", REAL),
    Column("reason", Text, comment="its own; null is its batch's"),
    Column("assigned_by", Integer, comment="account.id; null is the system itself"),
    Column("assigned_at", Moment, nullable=False, server_default=NOW),
    Column("batch_id", BigInteger, comment="the batch that said so; null is older than all batches"),
    CheckConstraint(f"source in {SOURCES}", name="source"),
    CheckConstraint("confidence between 0 and 1", name="confidence"),
    # A stroke leaves as many dead rows as it changed: they are cleared early and at once.
    postgresql_with={"autovacuum_vacuum_scale_factor": 0.05, "autovacuum_vacuum_cost_delay": 0},
    comment="which scenes a camera serves, and who says so",
)

classification_batch = Table(
    "classification_batch",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("account_id", ForeignKey("account.id"), comment="who; null is the system itself"),
    Column("action", Text, nullable=False),
    Column("scenes", ARRAY(SmallInteger), nullable=False, comment="those that were named"),
    Column("source", Text, nullable=False, comment="person, rule, suggestion or import"),
    Column("conflicts", Text, nullable=False, comment="what was done where others had decided otherwise"),
    Column("reason", Text),
    Column("asked", JSONB, nullable=False, server_default=text("'{}'"), comment="which cameras, as asked"),
    Column("undoes", ForeignKey("classification_batch.id"), comment="the batch that this one took back"),
    Column("root", BigInteger, nullable=False, comment="where the chain of undoing began; else itself"),
    CheckConstraint("action in ('add', 'remove', 'replace', 'undo')", name="action"),
    CheckConstraint("(action = 'undo') = (undoes is not null)", name="undo"),
    CheckConstraint("conflicts in ('keep', 'beside', 'replace')", name="conflicts"),
    CheckConstraint(f"source in {SOURCES}", name="source"),
    Index("ix_classification_batch_undoes", "undoes", postgresql_where=text("undoes is not null")),
    comment="who changed classifications, when, why and which; append only",
)

classification_change = Table(
    "classification_change",
    metadata,
    Column("batch_id", ForeignKey("classification_batch.id"), nullable=False),
    Column("block", Integer, nullable=False, comment=f"camera ids >> {BLOCK_BITS}"),
    Column("scene_id", SmallInteger, nullable=False),
    Column("added", Boolean, nullable=False, comment="whether these assignments came or went"),
    # The assignments themselves, whole, as they stood in camera_scene.
    Column("source", Text, nullable=False),
    Column("assigned_by", Integer),
    Column("assigned_at", Moment, nullable=False),
    Column("assigned_in", BigInteger, comment="their batch_id"),
    Column("offsets", ARRAY(SmallInteger), nullable=False, comment="of the cameras in the block"),
    Column("confidences", ARRAY(REAL), comment="one an offset; null where none has any"),
    Column("reasons", ARRAY(Text), comment="one an offset; null where none has any"),
    Index("ix_classification_change_batch_id", "batch_id", "block"),
    Index("ix_classification_change_block", "block", "batch_id"),
    comment="what each batch changed, from which any past state can be told; append only",
)

classification_tally = Table(
    "classification_tally",
    metadata,
    Column("batch_id", ForeignKey("classification_batch.id"), nullable=False),
    Column("unit_id", ForeignKey("organisation.id", ondelete="SET NULL"), comment="where the cameras stood"),
    Column("sensitivity", SmallInteger, nullable=False, comment="of the cameras"),
    Column("cameras", Integer, nullable=False, comment="whose assignments changed"),
    Column("added", Integer, nullable=False, comment="assignments that came"),
    Column("removed", Integer, nullable=False, comment="assignments that went"),
    Index("ix_classification_tally_batch_id", "batch_id"),
    Index("ix_classification_tally_unit_id", "unit_id"),
    comment="what each batch changed, counted as finely as any scope may ask for it",
)

WRITER_LOCK = "hashtextextended('classification', 0)"
"""Who changes classifications holds this advisory lock: one at a time, so nothing deadlocks or is lost."""

# The lock comes before the rows go: a stroke that runs cannot give a scene to a camera that is being deleted.
AWAIT_WRITER = f"""
create function classification_await() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock({WRITER_LOCK});
  return null;
end
$$
"""

AWAIT_BEFORE_DELETE = """
create trigger classification_await before delete on camera
for each statement execute function classification_await()
"""

FORGET = """
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
"""

FORGET_DELETED = """
create trigger classification_forget_deleted after delete on camera
referencing old table as gone for each statement execute function classification_forget()
"""

FORGET_TRUNCATED = """
create trigger classification_forget_truncated after truncate on camera
for each statement execute function classification_forget()
"""

KEEP_SCENE = f"""
create function classification_keep_scene() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock({WRITER_LOCK});
  if exists (select from camera_scene where scene_id = old.id) then
    raise foreign_key_violation using message = format('cameras serve scene %s', old.code);
  end if;
  return old;
end
$$
"""

KEEP_SERVED = """
create trigger classification_keep_scene before delete on scene
for each row execute function classification_keep_scene()
"""

TRIGGERS = (
    *(AWAIT_WRITER, AWAIT_BEFORE_DELETE, FORGET, FORGET_DELETED, FORGET_TRUNCATED),
    *(KEEP_SCENE, KEEP_SERVED),
)

for statement in TRIGGERS:
    event.listen(metadata, "after_create", DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
