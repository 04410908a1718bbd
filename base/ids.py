"""Identifiers: time-ordered, so that an index on them grows at one end."""

from __future__ import annotations

from uuid import UUID, uuid5

import uuid_utils.compat

_NAMESPACE = UUID("6d2f6e3c-5b8e-4f1e-9f0a-3c1f6f5b7a11")


def new_id() -> UUID:
    """A fresh UUID version 7 (RFC 9562)."""
    return uuid_utils.compat.uuid7()


def derived_id(*parts: object) -> UUID:
    """The UUID version 5 of these parts: doing a thing again names it the same."""
    return uuid5(_NAMESPACE, "/".join(str(part) for part in parts))
