"""The vocabulary of camera names, read once from ``words.json``: what ends a road, a place, a name."""

from __future__ import annotations

from importlib import resources
from typing import Any

import orjson

from base.errors import SetupError


def _read() -> dict[str, Any]:
    try:
        words: dict[str, Any] = orjson.loads(resources.files(__package__).joinpath("words.json").read_bytes())
    except OSError as err:
        raise SetupError("The installation lacks names/words.json.", remedy="Install Dengta again.") from err
    return words


_WORDS = _read()

ROAD_ENDINGS: list[str] = _WORDS["road_endings"]

CROSSINGS: list[str] = _WORDS["crossings"]
"""Words for a junction, apart from 路口, 街口, 十字 and 丁字, which need a look at their neighbours."""

PLACES: dict[str, str] = {word: kind for kind, group in _WORDS["places"].items() for word in group}
"""Words that end the name of a place, and its kind; many kinds are those of the point layers."""

SHORT_PLACES: dict[str, str] = {
    word: kind for kind, group in _WORDS["short_places"].items() for word in group
}
"""Single characters that end a place's name, where nothing else of the name is left behind them."""

SPOTS: list[str] = _WORDS["spots"]
"""Where at a place; a compass point may stand before or behind."""

FORMS: dict[str, tuple[str, int | None]] = {
    word: (form["usual"], form["ptz_type"]) for form in _WORDS["forms"] for word in form["words"]
}
"""Forms as staff call them: the usual word, and GB/T 28181's PTZType where the word decides it."""

GENERIC_WORDS: list[str] = _WORDS["generic_words"]
"""Words at the end that any camera could have."""

CHANNEL_WORDS: list[str] = _WORDS["channel_words"]
"""Words of which recorders' channels are called; a text of nothing else is no name."""

DEPARTMENTS: list[str] = _WORDS["departments"]
"""Whose camera it is, where that stands before a separator."""
