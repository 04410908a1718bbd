"""Opaque cursors: the key of the last row of a page, so that pages neither repeat nor skip rows."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

import orjson

from base.errors import InvalidInputError

MAX_LENGTH = 4_000
"""Characters: a list that is ordered by name has a name in its cursors."""

MAX_RANK = 2**31 - 1
MAX_ID = 2**63 - 1
"""The database's bigint."""


def encode(*key: int | str | datetime) -> str:
    """The cursor after the row with this key."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def decode_id(cursor: str) -> int:
    """The key of a list that is ordered by id.

    Raises:
        InvalidInputError: It is no cursor of such a list.
    """
    (row_id,) = _decode(cursor, 1)
    return _id(row_id)


def decode_pair(cursor: str) -> tuple[int, int]:
    """The key of a list that is ordered by two ids.

    Raises:
        InvalidInputError: It is no cursor of such a list.
    """
    first, second = _decode(cursor, 2)
    return _id(first), _id(second)


def decode_triple(cursor: str) -> tuple[int, int, int]:
    """The key of a list that is ordered by three whole numbers.

    Raises:
        InvalidInputError: It is no cursor of such a list.
    """
    first, second, third = _decode(cursor, 3)
    return _id(first), _id(second), _id(third)


def decode_place(cursor: str) -> tuple[int, str, int]:
    """The key of a list that is ordered by a rank, a name and an id.

    Raises:
        InvalidInputError: It is no cursor of such a list.
    """
    rank, name, row_id = _decode(cursor, 3)
    if not isinstance(name, str) or "\x00" in name or not 0 <= _id(rank) <= MAX_RANK:
        raise _invalid()
    return _id(rank), name, _id(row_id)


def decode_moment_and_id(cursor: str) -> tuple[datetime, int]:
    """The key of a list that is ordered by a moment and an id.

    Raises:
        InvalidInputError: It is no cursor of such a list.
    """
    moment, row_id = _decode(cursor, 2)
    try:
        at = datetime.fromisoformat(str(moment))
        at.astimezone()  # refuses what the calendar cannot hold
    except (TypeError, ValueError, OverflowError) as err:
        raise _invalid() from err
    if at.tzinfo is None:
        raise _invalid()
    return at, _id(row_id)


def _decode(cursor: str, parts: int) -> list[object]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        key = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError) as err:
        raise _invalid() from err
    if not isinstance(key, list) or len(key) != parts:
        raise _invalid()
    return key


def _id(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_ID:
        raise _invalid()
    return value


def _invalid() -> InvalidInputError:
    return InvalidInputError(
        "cursor: this is not a cursor of this list.", remedy="Start again without a cursor."
    )
