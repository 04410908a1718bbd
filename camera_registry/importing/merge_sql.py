"""The statements that bring a staged list into the catalogue, for whichever columns it has.

A staged value of null says nothing; what the record has stays, unless empty cells mean "nothing" for this
import or the row empties the field in so many words. What people entered by hand and still stands outranks
the list. Coordinates and their reference system are one value.
"""

# ruff: noqa: S608 - statements are put together from this program's own words; values are parameters

from __future__ import annotations

from dataclasses import dataclass

from camera_registry.importing.identify import AUTO_KEY
from camera_registry.importing.request import Kind

PLACE = ("longitude", "latitude", "declared_crs")
_NEVER_EMPTY = frozenset({"code", "name", "sensitivity"})
_CASTS = {"ip_address": "inet"}
_PLACE_CHANGED = "ch.fields && '{longitude,latitude,declared_crs}'"
_GEOM = "ST_SetSRID(ST_MakePoint(s.wgs84_longitude, s.wgs84_latitude), 4326)"
_UNIT = "case when s.wgs84_longitude is null then o.{0} else p.{1} end"
UNIT_ID = _UNIT.format("id", "unit_id")
UNIT_TREE = _UNIT.format("tree_left", "unit_tree")

PLACED = """
  from import_stage s
  left join import_place p on p.row = s.row
  left join organisation o on o.id = s.unit
"""
STAGED = f"{PLACED} left join import_match m on m.row = s.row"
"""The staged rows, the record that each is (m), where it stands (p) and the unit that it names (o)."""


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements of one import.

    Attributes:
        kind: What the list lists.
        fields: Columns of the record that the list has, without its identity.
        clears: Whether empty cells mean that there is nothing.
        cleared: Whether some row empties a field in so many words.
        hand: Whether something that people entered is to be kept.
        logins: Whether some row carries credentials.
    """

    kind: Kind
    fields: tuple[str, ...]
    clears: bool = False
    cleared: bool = False
    hand: bool = False
    logins: bool = False

    @property
    def table(self) -> str:
        """The table that is written."""
        return "camera" if self.kind is Kind.CAMERAS else "point"

    @property
    def same_code(self) -> str:
        """Whether a record c has the code of a staged row s."""
        layer = "c.layer_id = s.layer_id and " if self.kind is Kind.POINTS else ""
        return f"{layer}c.code = s.code"

    def effective(self) -> dict[str, str]:
        """Column → what it is to be, from a staged row s, its record c and what people entered h."""
        found = {}
        for name in self._columns():
            staged = self._staged(name)
            if name in PLACE:
                value = f"case when s.longitude is null then c.{name} else {staged} end"
                emptied = "longitude"
            else:
                clears = self.clears and name not in _NEVER_EMPTY and name != "credential_id"
                value = staged if clears else f"coalesce({staged}, c.{name})"
                emptied = name
            if self.cleared and name not in _NEVER_EMPTY:
                value = f"case when '{emptied}' = any(s.cleared) then null else {value} end"
            if self.hand:
                by_hand = (
                    "h.fields && '{longitude,latitude}'" if name in PLACE else f"'{name}' = any(h.fields)"
                )
                value = f"case when {by_hand} then c.{name} else {value} end"
            found[name] = value
        found["source"] = "$1"
        found["source_key"] = (
            f"case when starts_with(c.source_key, '{AUTO_KEY}') or c.source is distinct from $1"
            " then s.source_key else coalesce(s.source_key, c.source_key) end"
        )
        return found

    @staticmethod
    def _staged(name: str) -> str:
        return f"s.{name}::{_CASTS[name]}" if name in _CASTS else f"s.{name}"

    def _columns(self) -> tuple[str, ...]:
        login = ("credential_id",) if self.logins else ()
        return ("code", *self.fields, *login)

    def match_by_code(self) -> str:
        """Which record each staged row is, by its code."""
        return f"""
insert into import_match
select s.row, c.id from import_stage s join {self.table} c on {self.same_code} where s.code is not null
"""

    def match_by_key(self, column: str) -> str:
        """Which record each other row is, by the key that its source ($1) or its name and place give it."""
        return f"""
insert into import_match
select s.row, c.id from import_stage s join {self.table} c on c.source = $1 and c.source_key = s.{column}
 where not exists (select from import_match m where m.row = s.row or m.id = c.id)
"""

    def change(self) -> str:
        """For each row that is a record: which columns differ, and where people's entries were kept."""
        differing = ", ".join(
            f"case when {value} is distinct from c.{name} then '{name}' end"
            for name, value in self.effective().items()
        )
        kept = "null::text[]"
        hand = ""
        if self.hand:
            contradicted = ", ".join(
                f"case when s.{name} is not null and '{name}' = any(h.fields)"
                f" and {self._staged(name)} is distinct from c.{name} then '{name}' end"
                for name in self.fields
            )
            kept = f"array_remove(array[{contradicted}], null)" if contradicted else kept
            hand = "left join import_hand h on h.id = c.id"
        unit = (
            "case when s.wgs84_longitude is null and c.geom is null and o.id is distinct from c.unit_id"
            " and o.id is not null then 'unit' end"
        )
        return f"""
insert into import_change
select s.row, c.id, array_remove(array[{differing}, {unit}], null), {kept}, c.gone_since is not null
  from import_stage s
  join import_match m on m.row = s.row
  join {self.table} c on c.id = m.id
  left join organisation o on o.id = s.unit
  {hand}
"""

    def update(self) -> str:
        """Write what differs; $1 the source, $2 the time. What does not differ is not touched."""
        settings = ", ".join(f"{name} = {value}" for name, value in self.effective().items())
        hand = "left join import_hand h on h.id = ch.id" if self.hand else ""
        placed = ""
        if "longitude" in self.fields:
            placed = f"geom = case when {_PLACE_CHANGED} then {_GEOM} else c.geom end,"
        return f"""
update {self.table} c
   set {settings}, {placed}
       unit_id = case when {_PLACE_CHANGED} or 'unit' = any(ch.fields)
                      then coalesce({UNIT_ID}, case when s.wgs84_longitude is null then c.unit_id end)
                      else c.unit_id end,
       unit_tree = case when {_PLACE_CHANGED} or 'unit' = any(ch.fields)
                        then coalesce({UNIT_TREE}, case when s.wgs84_longitude is null then c.unit_tree end)
                        else c.unit_tree end,
       source_seen_at = $2, gone_since = null, version = c.version + 1, updated_at = $2
  from import_change ch
  join import_stage s on s.row = ch.row
  left join import_place p on p.row = s.row
  left join organisation o on o.id = s.unit
  {hand}
 where c.id = ch.id and (cardinality(ch.fields) > 0 or ch.returned)
"""

    def insert(self, *, matched: bool) -> str:
        """Add the rows that are no record yet (all, if none is ``matched``); $1 the source, $2 the time."""
        names = self._columns()
        layer = ("layer_id",) if self.kind is Kind.POINTS else ()
        own = ", ".join([*names, *layer])
        values = ", ".join(
            "coalesce(s.sensitivity, 0)" if name == "sensitivity" else self._staged(name)
            for name in (*names, *layer)
        )
        return f"""
insert into {self.table} ({own}, geom, unit_id, unit_tree, source, source_key, source_seen_at)
select {values}, {_GEOM}, {UNIT_ID}, {UNIT_TREE}, $1, s.source_key, $2
{STAGED if matched else PLACED}
 where {"m.row is null" if matched else "true"}
"""


MATCH_TABLES = """
create temp table import_match (row integer, id bigint) on commit drop;
create index on import_match (row);
create temp table import_change (row integer, id bigint, fields text[], kept text[], returned boolean)
    on commit drop;
create temp table import_hand (id bigint, fields text[]) on commit drop;
create temp table import_gone (id bigint) on commit drop;
"""

EDITED = """
select c.id, entered.key as field
  from import_match m
  join {table} c on c.id = m.id
  join audit a on a.action = '{table}.edit' and a.object = '{table}/' || c.id
 cross join lateral jsonb_each(
       case jsonb_typeof(a.detail -> 'after') when 'object' then a.detail -> 'after' end) entered
 where entered.value = to_jsonb(c) -> entered.key
"""
"""What people entered and still stands: the value of an edit on record is the record's own."""

REPAIRED = """
select c.id, unnest('{longitude,latitude,declared_crs}'::text[])
  from import_match m
  join camera c on c.id = m.id
  join crs_repair_camera was on was.camera_id = c.id
  join crs_repair repair on repair.id = was.repair_id and repair.undone_at is null
 where ((was.before ->> 'longitude')::float8, (was.before ->> 'latitude')::float8,
        was.before ->> 'declared_crs') is distinct from (c.longitude, c.latitude, c.declared_crs)
"""
"""Coordinates that people declared anew: the list goes on telling them as they were."""


def by_hand(kind: Kind) -> str:
    """Which fields of each record people entered, so that they still stand."""
    entered = EDITED.format(table="camera" if kind is Kind.CAMERAS else "point")
    if kind is Kind.CAMERAS:
        entered += f"union {REPAIRED}"
    return f"insert into import_hand select id, array_agg(distinct field) from ({entered}) hand group by id"


GONE = """
insert into import_gone
select c.id from {table} c
 where c.source = $1 and c.gone_since is null and ({seen})
   and not exists (select from import_match m where m.id = c.id)
   and not exists (select from import_listed l where l.code = c.code {layer})
   and not exists (select from import_listed l where l.source_key = c.source_key)
"""
"""Records of the source that the list has in no row, not even in one that was refused."""

MARK_GONE = """
update {table} c set gone_since = $1, version = c.version + 1, updated_at = $1
  from import_gone g where g.id = c.id
"""
