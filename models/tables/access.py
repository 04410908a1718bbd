"""People and programs that may ask, and what they did."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB

from models.tables.base import NOW, Moment, metadata

account = Table(
    "account",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("username", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("password_hash", Text, nullable=False, comment="argon2id"),
    Column("roles", ARRAY(Text), nullable=False),
    Column("unit_id", ForeignKey("organisation.id"), nullable=False),
    Column("max_sensitivity", SmallInteger, nullable=False, server_default="0"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Moment, nullable=False, server_default=NOW),
    CheckConstraint(
        "roles <@ array['gis', 'operator', 'dispatcher', 'lead', 'auditor', 'engineer']", name="roles"
    ),
    comment="people and programs that may ask",
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True, comment="sha256; the token itself is never stored"),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Moment, nullable=False, server_default=NOW),
    Column("expires_at", Moment, nullable=False),
    Index("ix_session_account_id", "account_id"),
    comment="who is logged in",
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", Moment, nullable=False, server_default=NOW),
    Column("account_id", ForeignKey("account.id"), comment="null when nobody was known"),
    Column("action", Text, nullable=False, comment="e.g. session.open, camera.edit, evidence.view"),
    Column("object", Text, comment="e.g. camera/17"),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'")),
    Column("client", INET),
    Index("ix_audit_at", "at"),
    # What people entered by hand outranks the lists: each import asks for it.
    Index(
        "ix_audit_record_edit",
        "object",
        "id",
        postgresql_where=text("action in ('camera.edit', 'point.edit')"),
    ),
    Index("ix_audit_camera", "object", "id", postgresql_where=text("starts_with(action, 'camera.')")),
    comment="who did what, append only",
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False, comment="sha256 of method, path and body"),
    Column("status", SmallInteger, nullable=False),
    Column("headers", JSONB, nullable=False, server_default=text("'{}'")),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=NOW),
    Index("ix_idempotency_created_at", "created_at"),
    comment="answers to writes, given again when the same write comes again",
)
