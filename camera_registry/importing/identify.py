"""By what a row is known: its code, its source's key, or its name and place; and which rows share one."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from camera_registry.importing.report import Severity
from camera_registry.importing.request import Kind
from camera_registry.importing.values import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from camera_registry.importing.headers import Columns
    from camera_registry.importing.workpiece import Workpiece

SAME = "It has the same"
"""Begins the reason of a row that is another's double."""

AUTO_KEY = "auto:"
"""Begins keys made of name and place, for rows that nothing else identifies."""

_REMEDY = "Give the code (编码), or a number that stays the same in every issue of the list (点位编号)."
UNIDENTIFIED = Problem(
    "unidentified",
    "Nothing identifies it: it has no code, no key of its source, and no name with a place or address.",
    _REMEDY,
)
NO_CODE = Problem(
    "no-code",
    "It has no code: it is known by its name and place until it has one.",
    _REMEDY,
    Severity.WARNING,
)
NO_LAYER = Problem(
    "no-layer",
    "It names no layer (图层).",
    "Add a column 图层 with the layer's name, number or code, or name one for the whole list (--layer).",
)


class Identities:
    """What the rows of one list are known by.

    Args:
        kind: What the list lists.
        columns: How it is read.
        default_layer: Of points that name none.
        auto_keys: Whether rows with a code may be in the catalogue by name and place alone.
    """

    def __init__(self, kind: Kind, columns: Columns, default_layer: int | None, *, auto_keys: bool) -> None:
        self._points = kind is Kind.POINTS
        self._columns = columns.columns
        self._reasons = columns.reasons
        self._default_layer = default_layer
        self._auto_keys = auto_keys
        self._seen: dict[str, dict[Any, int]] = {"code": {}, "source_key": {}}
        self._refused: set[int] = set()

    def find(self, work: Workpiece) -> None:
        """Give each row its identity, and note those that an earlier row has already."""
        codes, keys = work.column("code"), work.column("source_key")
        if self._points:
            codes = self._in_layers(work, codes)
        if None in codes or self._auto_keys:
            work.values["source_key"] = keys = self._made_keys(work, codes, keys)
        if self._reasons is not None:
            work.values["doubled"] = [SAME in text for text in work.texts(self._reasons)]
        numbers = work.chunk.numbers
        early: set[int] | None = None
        for name, identities in (("code", codes), ("source_key", keys)):
            seen = self._seen[name]
            firsts = list(map(seen.setdefault, identities, numbers))
            seen.pop(None, None)
            if firsts == numbers:
                continue
            for index, (first, number) in enumerate(zip(firsts, numbers, strict=True)):
                if first == number or identities[index] is None or index in work.left_out:
                    continue
                if early is None:
                    early = {numbers[i] for i in work.refused()} | self._refused
                taken = seen[identities[index]]  # an earlier twin may have taken the place of the first
                self._twice(work, index, name, taken, stays_out=taken in early)
                if taken in early:
                    seen[identities[index]] = number

    def refuse(self, numbers: Iterable[int]) -> None:
        """These rows stay out: a later one of the same identity goes in."""
        self._refused.update(numbers)

    def _in_layers(self, work: Workpiece, codes: list[Any]) -> list[Any]:
        layers = [layer or self._default_layer for layer in work.column("layer")]
        work.values.pop("layer", None)
        work.values["layer_id"] = layers
        column = self._columns.get("layer")
        misread = work.misread(column.index) if column else set()
        for index in [i for i, layer in enumerate(layers) if layer is None and i not in work.left_out]:
            if index not in misread:
                work.note(index, column.index if column else None, NO_LAYER)
        return [code and (layer, code) for layer, code in zip(layers, codes, strict=True)]

    def _made_keys(self, work: Workpiece, codes: list[Any], keys: list[Any]) -> list[Any]:
        """Keys of name and place for rows that have nothing better, or may have had nothing better."""
        made = list(keys)
        columns = (self._columns[name].index for name in ("code", "source_key") if name in self._columns)
        misread = work.misread(*columns)  # its fault is told already
        parts = [work.column(name) for name in ("layer_id", "name", "address", "longitude", "latitude")]
        for index in [
            i for i, key in enumerate(keys) if key is None and (self._auto_keys or codes[i] is None)
        ]:
            if index in work.left_out:
                continue
            identity = tuple(part[index] for part in parts)
            _, name, address, longitude, _ = identity
            knowable = name and not (address is None and longitude is None)
            if codes[index] is not None:
                if knowable and self._auto_keys:
                    work.aliases[index] = auto_key(identity)
            elif knowable:
                made[index] = auto_key(identity)
                if index not in misread:
                    work.note(index, None, NO_CODE)
            elif index not in misread:
                work.note(index, None, UNIDENTIFIED)
        return made

    def _twice(self, work: Workpiece, index: int, name: str, first: int, *, stays_out: bool) -> None:
        column = self._columns.get(name)
        what = "code (编码)" if name == "code" else "key" if column else "name and place"
        outcome = "which stays out; this one is taken" if stays_out else "which is taken; this one stays out"
        problem = Problem(
            "duplicate",
            f"{SAME} {what} as row {first}, {outcome}.",
            "Remove one of the two, or give each its own.",
            Severity.WARNING if stays_out else Severity.ERROR,
        )
        work.note(index, column.index if column else None, problem)


def auto_key(identity: tuple[Any, ...]) -> str:
    """The key of a layer, name, address, longitude and latitude."""
    return AUTO_KEY + blake2b(repr(identity).encode(), digest_size=10).hexdigest()
