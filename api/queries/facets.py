"""Counts by facet within a scope, on the wire."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from api.schemas import state_name
from api.schemas_search import MAX_VALUES, Facet, FacetCount, FacetCounts, FacetName
from camera_registry.facets import count_facets
from camera_registry.search.find import all_of, all_written
from camera_registry.search.statements import meant_by
from camera_registry.search.tiers import Closeness

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from camera_registry.facets import Facets
    from camera_registry.search.vocabulary import Vocabulary
    from camera_registry.selection import CameraFilter
    from models.scope import Scope


async def count(  # noqa: PLR0913 - who asks, for which, counted how
    connection: asyncpg.Connection[Any],
    scope: Scope,
    vocabulary: Vocabulary,
    wanted: CameraFilter,
    facets: Sequence[FacetName],
    *,
    exact: bool,
) -> FacetCounts:
    """Counts within ``scope``; of what sounds like the words only if nobody has them as written."""
    words = (wanted.words or "").strip()
    meant = meant_by(scope, replace(wanted, words=None))
    if not words:
        return _on_the_wire(await count_facets(connection, meant.condition, meant.values, facets), None)
    counted = await count_facets(connection, *await all_written(connection, words, vocabulary, meant), facets)
    how: Any = "exact"
    if not exact and not counted.cameras:
        for closest, name in ((Closeness.SOUND, "sound"), (Closeness.SIMILAR, "similar")):
            answers = all_of(words, vocabulary, closest, meant=meant)
            if answers is None:
                continue
            counted = await count_facets(connection, *answers, facets)
            if counted.cameras:
                how = name
                break
    return _on_the_wire(counted, how)


def _on_the_wire(counted: Facets, how: Any) -> FacetCounts:
    facets: dict[Any, Facet] = {}
    for name, counts in counted.by.items():
        values = [
            FacetCount(
                value=state_name(count.value)
                if name == "state" and isinstance(count.value, int)
                else count.value,
                name=count.name,
                level=count.level,
                cameras=count.cameras,
            )
            for count in counts[:MAX_VALUES]
        ]
        facets[name] = Facet(values=values, others=sum(count.cameras for count in counts[MAX_VALUES:]))
    return FacetCounts(cameras=counted.cameras, found=how, facets=facets)
