"""Which scenes cameras should serve, as rules and the classifier suggest it, and what staff said to that."""

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
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from models.tables.base import NOW, Moment, metadata

suggestion_rule = Table(
    "suggestion_rule",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("scene_id", ForeignKey("scene.id"), nullable=False),
    Column("conditions", JSONB, nullable=False, comment="what a camera must meet; all of them"),
    Column("confidence", REAL, nullable=False, comment="as its author states it"),
    Column("reason", Text, nullable=False),
    Column("reason_en", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("removed", Boolean, nullable=False, server_default=text("false"), comment="so no preset returns"),
    Column("matched", Integer, comment="classified cameras that it met in the last run"),
    Column("confirmed", Integer, comment="those of them that serve its scene"),
    Column("version", Integer, nullable=False, server_default="1", comment="counts edits; the ETag"),
    Column("updated_at", Moment, nullable=False, server_default=NOW),
    Column("updated_by", ForeignKey("account.id"), comment="null is the preset"),
    CheckConstraint("confidence between 0 and 1", name="confidence"),
    comment="rules that suggest scenes; rows are data that a city edits",
)

suggestion_model = Table(
    "suggestion_model",
    metadata,
    Column("id", Integer, Identity(), primary_key=True, comment="its version"),
    Column("trained_at", Moment, nullable=False),
    Column("trained_by", ForeignKey("account.id"), comment="who asked; null is the system itself"),
    Column("weights", LargeBinary, nullable=False, comment="npz of plain arrays"),
    Column("sha256", LargeBinary, nullable=False, comment="of the weights"),
    Column("card", JSONB, nullable=False, comment="sizes, hold-out figures, calibration"),
    comment="trained classifiers; the newest is in force",
)

suggestion = Table(
    "suggestion",
    metadata,
    Column("camera_id", ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True),
    Column("scene_id", ForeignKey("scene.id"), primary_key=True),
    Column("source", Text, nullable=False),
    Column("confidence", REAL, nullable=False),
    Column(
        "reasons", JSONB, nullable=False, comment="strongest first; suggestion/reasons.py puts them in words"
    ),
    Column("made_by", Text, nullable=False, comment="version of the rules or of the model"),
    Column("made_at", Moment, nullable=False),
    Column("evidence", BigInteger, nullable=False, comment="fingerprint: while it stays, a refusal holds"),
    Column("state", Text, nullable=False, server_default="open"),
    Column("decided_at", Moment),
    Column("decided_by", ForeignKey("account.id")),
    Column("batch_id", BigInteger, comment="the classification that accepting made"),
    CheckConstraint("source in ('rule', 'learned')", name="source"),
    CheckConstraint("state in ('open', 'accepted', 'refused', 'superseded')", name="state"),
    CheckConstraint("confidence between 0 and 1", name="confidence"),
    Index(
        "ix_suggestion_open",
        text("confidence desc"),
        "camera_id",
        "scene_id",
        postgresql_where=text("state = 'open'"),
    ),
    Index(
        "ix_suggestion_open_scene",
        "scene_id",
        text("confidence desc"),
        "camera_id",
        postgresql_where=text("state = 'open'"),
    ),
    comment="camera x scene as suggested, and what became of it",
)
