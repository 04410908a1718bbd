"""Trained classifiers in the store; the newest is in force."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from base.errors import ModelError
from camera_registry.suggestion.model import Model

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg

    from camera_registry.suggestion.learn import Trained

    Connection = asyncpg.Connection[Any]

KEPT = 5
"""Classifiers; an older one's suggestions have been made anew since."""

_SAVE = """
insert into suggestion_model (trained_at, trained_by, weights, sha256, card)
values ($1, $2, $3, $4, $5::jsonb) returning id
"""

_FORGET = """
delete from suggestion_model
 where id <= (select id from suggestion_model order by id desc offset $1 limit 1)
"""

_CARD = """
select m.id, m.trained_at, a.username as trained_by, m.card::text as card, octet_length(m.weights) as bytes
  from suggestion_model m left join account a on a.id = m.trained_by
 order by m.id desc limit 1
"""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of the classifier in force.

    Attributes:
        version: Its number.
        trained_at: When.
        trained_by: Who asked for it; None is the system itself.
        bytes: Size of its weights.
        card: Sizes, figures on units held out, calibration.
    """

    version: int
    trained_at: datetime
    trained_by: str | None
    bytes: int
    card: dict[str, Any]


async def save_model(
    connection: Connection, trained: Trained, *, at: datetime, account_id: int | None
) -> int:
    """Put a classifier in force and return its version; the oldest beyond :data:`KEPT` go."""
    data = trained.model.to_bytes()
    digest = hashlib.sha256(data).digest()
    card = orjson.dumps(trained.card).decode()
    version: int = await connection.fetchval(_SAVE, at, account_id, data, digest, card)
    await connection.execute(_FORGET, KEPT)
    return version


async def load_model(connection: Connection) -> tuple[int, Model] | None:
    """The classifier in force and its version, or None if none was trained.

    Raises:
        ModelError: What is stored is not what was saved.
    """
    row = await connection.fetchrow(
        "select id, weights, sha256 from suggestion_model order by id desc limit 1"
    )
    if row is None:
        return None
    if hashlib.sha256(row["weights"]).digest() != row["sha256"]:
        raise ModelError(
            f"Classifier {row['id']} of suggestions is damaged.", remedy="Train it anew: dengta suggest train"
        )
    return row["id"], Model.from_bytes(row["weights"])


async def read_card(connection: Connection) -> ModelCard | None:
    """What is known of the classifier in force, or None if none was trained."""
    row = await connection.fetchrow(_CARD)
    if row is None:
        return None
    return ModelCard(row["id"], row["trained_at"], row["trained_by"], row["bytes"], orjson.loads(row["card"]))
