"""Long work that somebody asked for: imports, exports, assessments; done by the clerk."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from models.tables.base import NOW, Moment, metadata

job = Table(
    "job",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False, comment="e.g. import, export, assess"),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("account_id", ForeignKey("account.id"), comment="who asked; null is the system itself"),
    Column("parameters", JSONB, nullable=False, server_default=text("'{}'")),
    Column("file", Text, comment="name of what was uploaded, in the jobs folder"),
    Column("stage", Text, nullable=False, server_default="", comment="what is being done"),
    Column("share", REAL, nullable=False, server_default="0", comment="finished share, 0 to 1"),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("cancel_asked", Boolean, nullable=False, server_default=text("false")),
    Column("result", JSONB, comment="what came of it"),
    Column("problem", JSONB, comment="code, detail and remedy of what stopped it"),
    Column("asked_at", Moment, nullable=False, server_default=NOW),
    Column("started_at", Moment),
    Column("beat_at", Moment, comment="its clerk lived then"),
    Column("ended_at", Moment),
    CheckConstraint("state in ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
    CheckConstraint("share between 0 and 1", name="share"),
    Index("ix_job_open", "id", postgresql_where=text("ended_at is null")),
    Index("ix_job_account_id", "account_id", "id"),
    comment="long work that somebody asked for",
)
