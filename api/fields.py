"""Lists with only those fields that the asker wants."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api.schemas import CameraSummary, Page
from base.errors import InvalidInputError

_KNOWN = frozenset(CameraSummary.model_fields)

Fields = Annotated[
    str | None,
    Query(
        max_length=300,
        description="names of the fields of each item that are wanted, by commas; all of them if none",
        examples=["id,name,place"],
    ),
]


def fields_of(page: Page[CameraSummary], wanted: str | None) -> Response:
    """The page with only the wanted fields.

    Raises:
        InvalidInputError: There is no field of that name.
    """
    if wanted is None:
        return _json(page.model_dump_json())
    names = {name.strip() for name in wanted.split(",")}
    if strange := sorted(names - _KNOWN):
        raise InvalidInputError(
            f"fields: there is no field {strange[0]!r}.", remedy=f"There are {', '.join(sorted(_KNOWN))}."
        )
    return _json(page.model_dump_json(include={"items": {"__all__": names}, "next": True}))


def _json(body: str) -> Response:
    return Response(body, media_type="application/json")
