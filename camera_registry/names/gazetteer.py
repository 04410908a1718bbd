"""The proper names that a parser has to know: the city and its districts, as staff shorten them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import orjson

from base.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Gazetteer:
    """Proper names of one city.

    Attributes:
        cities: Short names of the city, e.g. ``烟台``; ``市`` may follow.
        districts: Short name of each district, and the other ways to write it.
        others: Proper names that begin like a district's and mean something else, e.g. ``蓬莱阁``.
        leads: Matches a district at the start of a name, longest first; made from ``districts``.
    """

    cities: Sequence[str]
    districts: Mapping[str, Sequence[str]]
    others: Sequence[str] = ()
    leads: re.Pattern[str] = field(init=False, repr=False)
    short_of: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        short_of = {form: short for short, forms in self.districts.items() for form in (short, *forms)}
        longest_first = sorted(short_of, key=len, reverse=True)
        forms = "|".join(map(re.escape, longest_first)) or "(?!)"
        others = "|".join(map(re.escape, self.others)) or "(?!)"
        object.__setattr__(self, "short_of", short_of)
        object.__setattr__(self, "leads", re.compile(f"(?!{others})(?:{forms})"))


@cache
def preset_gazetteer() -> Gazetteer:
    """The city that a new installation starts with.

    Raises:
        SetupError: The installation lacks its data file.
    """
    try:
        text = resources.files("models").joinpath("data", "gazetteer.json").read_bytes()
    except OSError as err:
        raise SetupError(
            "The installation lacks models/data/gazetteer.json.", remedy="Install Dengta again."
        ) from err
    rows = orjson.loads(text)
    districts = {short: tuple(forms) for short, forms in rows["districts"].items()}
    return Gazetteer(tuple(rows["cities"]), districts, tuple(rows["others"]))
