"""The SQL of migration 0009: camera tiles' own narrow tables, and how they are kept.

Writers of cameras, states and scenes only note which cameras they touched (``camera_tile_due``, a row a
statement): that costs a bulk write next to nothing, and takes no lock that another writer could wait for. ``camera_tile_refresh``,
called every few seconds by whoever serves tiles, makes the noted cameras' rows anew from the catalogue and
announces the parts of the map that changed. Until then readers put the noted cameras in themselves, so that
what a tile shows is always what the catalogue says, whether anybody refreshes or not.

``place`` is the Morton code of (tile_x, tile_y): all cameras of any tile of any zoom are one range of it.
"""

# ruff: noqa: S608 - only constants of this module are put into the statements

REFRESH_LOCK = 0x74696C65
"""Advisory lock: one refresh at a time ("tile")."""

CELL_BITS = 18
"""Bits of ``place`` below a cell of ``camera_cell``: a tile of zoom 17, as large as the clusters of zoom 12."""

PART_BITS = 24
"""Bits of ``place`` below an announced part of the map: a tile of zoom 14, about 2 km here."""

COARSE_BITS = 32
"""The same for zoom 10, when too many parts have changed at once to be told one by one."""

MOST_PARTS = 2_000
"""More are told more coarsely; more of those still: everything has changed."""

PARTS_A_NOTICE = 300
"""At most 23 bytes each, where a notice carries 8,000."""

MOST_NORTH = 85.05112877980659
"""Degrees: web mercator ends there, and at a pole its formula has no value at all."""

_LATITUDE = f"radians(least(greatest(ST_Y(geom), -{MOST_NORTH}), {MOST_NORTH}))"

# least and greatest pass nulls over: without a place there must be neither.
TILE_X = (
    "case when ST_X(geom) is not null"
    " then least(greatest(floor((ST_X(geom) + 180) / 360 * 67108864), 0), 67108863)::int end"
)
TILE_Y = (
    "case when ST_Y(geom) is not null"
    f" then least(greatest(floor((1 - ln(tan({_LATITUDE}) + 1 / cos({_LATITUDE})) / pi()) / 2 * 67108864), 0),"
    " 67108863)::int end"
)
"""Computed columns of a place; what lies beyond the square is on its edge, so that every camera is in a tile."""

PLACE = """
create function tile_place(x integer, y integer) returns bigint
    language plpgsql immutable strict parallel safe as $$
-- The Morton code of two numbers of 31 bits: their bits in turn, y's before x's.
declare
    a bigint := x;
    b bigint := y;
begin
    a := (a | (a << 16)) & 281470681808895;
    b := (b | (b << 16)) & 281470681808895;
    a := (a | (a << 8)) & 71777214294589695;
    b := (b | (b << 8)) & 71777214294589695;
    a := (a | (a << 4)) & 1085102592571150095;
    b := (b | (b << 4)) & 1085102592571150095;
    a := (a | (a << 2)) & 3689348814741910323;
    b := (b | (b << 2)) & 3689348814741910323;
    a := (a | (a << 1)) & 6148914691236517205;
    b := (b | (b << 1)) & 6148914691236517205;
    return a | (b << 1);
end
$$
"""

PLAIN = "alter table camera_tile_due alter column camera_ids set storage external"
"""Not compressed: they are read and deleted again within seconds."""

NOTED = """
create view camera_tile_noted as
select distinct unnest(camera_ids) as camera_id from camera_tile_due
"""

NOW = """
create view camera_tile_now as
select c.id as camera_id, tile_place(c.tile_x, c.tile_y) as place, c.tile_x, c.tile_y, c.unit_tree,
       c.sensitivity, coalesce(s.state, 0::smallint) as state,
       case when c.heading_deg between -360 and 720
            then ((round(c.heading_deg)::integer + 360) % 360)::smallint end as heading,
       (select min(k.scene_id) from camera_scene k where k.camera_id = c.id) as scene
  from camera c
  left join camera_state s on s.camera_id = c.id
 where c.tile_x is not null
"""

# "not in" is looked up in a hash, whatever the planner believes of how many are noted.
SEEN = """
create view camera_seen as
select t.camera_id, t.place, t.tile_x, t.tile_y, t.unit_tree, t.sensitivity, t.state, t.heading, t.scene
  from camera_tile t
 where t.camera_id not in (select camera_id from camera_tile_noted)
union all
select n.camera_id, n.place, n.tile_x, n.tile_y, n.unit_tree, n.sensitivity, n.state, n.heading, n.scene
  from camera_tile_noted d
  join camera_tile_now n on n.camera_id = d.camera_id
"""

CELLS_SEEN = f"""
create view camera_cell_seen as
select place, unit_tree, sensitivity, cameras, online, degraded, offline, sum_x, sum_y
  from camera_cell
union all
select t.place >> {CELL_BITS} << {CELL_BITS}, t.unit_tree, t.sensitivity, -1, -(t.state = 1)::integer,
       -(t.state = 2)::integer, -(t.state = 3)::integer, -t.tile_x, -t.tile_y
  from camera_tile_noted d
  join camera_tile t on t.camera_id = d.camera_id
union all
select n.place >> {CELL_BITS} << {CELL_BITS}, n.unit_tree, n.sensitivity, 1, (n.state = 1)::integer,
       (n.state = 2)::integer, (n.state = 3)::integer, n.tile_x, n.tile_y
  from camera_tile_noted d
  join camera_tile_now n on n.camera_id = d.camera_id
"""

MANY_DUE = 2_000
"""With more than these due, as after an import, the first reader does the refresh instead of going round it."""

# Generic plans: with a range of one index there is nothing to choose, and planning costs as much as a tile of
# zoom 16 takes. The two that hold every camera of the catalogue are read only while something is due.
_READER = "language plpgsql set plan_cache_mode = force_generic_plan set jit = off as"
_CATCH_UP = f"""if (select sum(cameras) from camera_tile_due) > {MANY_DUE}
       and not current_setting('transaction_read_only')::boolean then
        perform camera_tile_refresh();
    end if;"""
_SCOPED = """place between first_place and last_place
           and (unit_tree between tree_left and tree_right or (whole_city and unit_tree is null))
           and sensitivity <= max_sensitivity"""

POINTS = f"""
create function camera_tile_points(
    first_place bigint, last_place bigint,
    tree_left integer, tree_right integer, whole_city boolean, max_sensitivity integer
) returns table (camera bigint, x integer, y integer, known_state smallint, azimuth smallint, served smallint)
{_READER} $$
begin
    {_CATCH_UP}
    if exists (select from camera_tile_due) then
        return query
        select camera_id, tile_x, tile_y, state, heading, scene from camera_seen
         where {_SCOPED}
         order by place, camera_id;
    else
        return query
        select camera_id, tile_x, tile_y, state, heading, scene from camera_tile
         where {_SCOPED};  -- in the order of the index: by place
    end if;
end
$$
"""

CELLS = f"""
create function camera_tile_cells(
    first_place bigint, last_place bigint,
    tree_left integer, tree_right integer, whole_city boolean, max_sensitivity integer, cell_bits integer
) returns table (cell bigint, n bigint, n_online bigint, n_degraded bigint, n_offline bigint,
                 total_x double precision, total_y double precision)
{_READER} $$
begin
    {_CATCH_UP}
    if exists (select from camera_tile_due) then
        return query
        select place >> cell_bits, sum(cameras), sum(online), sum(degraded), sum(offline), sum(sum_x), sum(sum_y)
          from camera_cell_seen
         where {_SCOPED}
         group by 1 having sum(cameras) > 0 order by 1;
    else
        return query
        select place >> cell_bits, sum(cameras), sum(online), sum(degraded), sum(offline), sum(sum_x), sum(sum_y)
          from camera_cell
         where {_SCOPED}
         group by 1 order by 1;
    end if;
end
$$
"""

_PARTS = f"""array_agg(distinct place >> {CELL_BITS} << {CELL_BITS}),
           array_agg(distinct (place >> {PART_BITS}, unit_tree, sensitivity)::camera_tile_part)"""

PART = "create type camera_tile_part as (code bigint, unit_tree integer, sensitivity smallint)"

REFRESH = f"""
create function camera_tile_refresh() returns integer
    language plpgsql set jit = off as $$
-- Makes the rows of all cameras that are due anew, and announces what changed.
-- Returns how many there were, or null if another refresh is under way.
declare
    ids bigint[];
    cells bigint[];
    parts camera_tile_part[];
    more_cells bigint[];
    more_parts camera_tile_part[];
begin
    if not pg_try_advisory_xact_lock({REFRESH_LOCK}) then
        return null;
    end if;
    with taken as (delete from camera_tile_due returning camera_ids)
    select array_agg(distinct camera_id) into ids from taken, unnest(camera_ids) camera_id;
    if ids is null then
        return 0;
    end if;
    select {_PARTS} into cells, parts
      from unnest(ids) due join camera_tile on camera_id = due;
    delete from camera_tile t using unnest(ids) due
     where t.camera_id = due
       and not exists (select from camera c where c.id = due and c.tile_x is not null);
    insert into camera_tile as t
    select n.camera_id, n.place, n.tile_x, n.tile_y, n.unit_tree, n.sensitivity, n.state, n.heading, n.scene
      from unnest(ids) due join camera_tile_now n on n.camera_id = due
     order by n.place, n.camera_id
        on conflict (camera_id) do update
       set place = excluded.place, tile_x = excluded.tile_x, tile_y = excluded.tile_y,
           unit_tree = excluded.unit_tree, sensitivity = excluded.sensitivity, state = excluded.state,
           heading = excluded.heading, scene = excluded.scene
     where (t.place, t.unit_tree, t.sensitivity, t.state, t.heading, t.scene) is distinct from
           (excluded.place, excluded.unit_tree, excluded.sensitivity, excluded.state, excluded.heading,
            excluded.scene);
    select {_PARTS} into more_cells, more_parts
      from unnest(ids) due join camera_tile on camera_id = due;
    cells := cells || more_cells;
    delete from camera_cell where place = any(cells);
    insert into camera_cell
    select cell, unit_tree, sensitivity, count(*), count(*) filter (where state = 1),
           count(*) filter (where state = 2), count(*) filter (where state = 3),
           sum(tile_x), sum(tile_y)
      from (select distinct unnest(cells) as cell) touched
      join camera_tile on place between cell and cell + {(1 << CELL_BITS) - 1}
     group by 1, 2, 3
     order by 1;
    perform camera_tile_announce(parts || more_parts);
    return cardinality(ids);
end
$$
"""

ANNOUNCE = f"""
create function camera_tile_announce(parts camera_tile_part[]) returns void
    language plpgsql as $$
-- Notices "VERSION ZOOM CODE.UNIT.SENSITIVITY …", the code in hexadecimal digits; "VERSION *" is everything.
declare
    zoom integer := 14;
    notice text;
    told text[];
begin
    select array_agg(distinct format('%s.%s.%s', to_hex(code), unit_tree, sensitivity)) into told
      from unnest(parts);
    if cardinality(told) > {MOST_PARTS} then
        zoom := 10;
        select array_agg(distinct format('%s.%s.%s', to_hex(code >> {COARSE_BITS - PART_BITS}), unit_tree,
                                         sensitivity)) into told
          from unnest(parts);
    end if;
    if cardinality(told) > {MOST_PARTS} then
        perform pg_notify('dengta_tiles', nextval('camera_tile_version') || ' *');
        return;
    end if;
    for notice in
        select string_agg(part, ' ')
          from unnest(told) with ordinality as each(part, number)
         group by (number - 1) / {PARTS_A_NOTICE}
    loop
        perform pg_notify('dengta_tiles', format('%s %s %s', nextval('camera_tile_version'), zoom, notice));
    end loop;
end
$$
"""

_NOTED = """
    if found then
        perform pg_notify('dengta_tiles_due', '');
    end if;
    return null;
end
$$
"""

NOTE_CAMERA = f"""
create function camera_tile_note_camera() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into camera_tile_due
        select array_agg(id), count(*) from fresh where tile_x is not null having count(*) > 0;
    elsif tg_op = 'DELETE' then
        insert into camera_tile_due
        select array_agg(id), count(*) from stale where tile_x is not null having count(*) > 0;
    else
        -- Edits count a version; what is done to many cameras at once may not.
        insert into camera_tile_due
        select array_agg(n.id), count(*)
          from fresh n join stale o using (id)
         where (n.version, n.tile_x, n.tile_y, n.unit_tree, n.sensitivity, n.heading_deg, n.gone_since)
               is distinct from
               (o.version, o.tile_x, o.tile_y, o.unit_tree, o.sensitivity, o.heading_deg, o.gone_since)
        having count(*) > 0;
    end if;
{_NOTED}"""

NOTE_STATE = f"""
create function camera_tile_note_state() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into camera_tile_due
        select array_agg(camera_id), count(*) from fresh where state <> 0 having count(*) > 0;
    elsif tg_op = 'DELETE' then
        insert into camera_tile_due
        select array_agg(camera_id), count(*) from stale where state <> 0 having count(*) > 0;
    else
        insert into camera_tile_due
        select array_agg(n.camera_id), count(*)
          from fresh n join stale o using (camera_id)
         where n.state <> o.state
        having count(*) > 0;
    end if;
{_NOTED}"""

NOTE_SCENE = f"""
create function camera_tile_note_scene() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into camera_tile_due
        select array_agg(camera_id), count(*) from fresh having count(*) > 0;
    elsif tg_op = 'DELETE' then
        insert into camera_tile_due
        select array_agg(camera_id), count(*) from stale having count(*) > 0;
    else
        -- Who assigned a scene, and why, is no matter of the map.
        insert into camera_tile_due
        select array_agg(camera_id), count(*)
          from fresh n full join stale o using (camera_id, scene_id)
         where n.source is null or o.source is null
        having count(*) > 0;
    end if;
{_NOTED}"""

NOTE_TRUNCATE = """
create function camera_tile_note_truncate() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'camera' then
        truncate camera_tile_due, camera_tile, camera_cell;
        perform pg_notify('dengta_tiles', nextval('camera_tile_version') || ' *');
    else
        insert into camera_tile_due
        select array_agg(camera_id), count(*) from camera_tile having count(*) > 0;
        perform pg_notify('dengta_tiles_due', '');
    end if;
    return null;
end
$$
"""

_KINDS = {"camera": "camera", "camera_state": "state", "camera_scene": "scene"}
_EVENTS = {
    "insert": "referencing new table as fresh",
    "update": "referencing new table as fresh old table as stale",
    "delete": "referencing old table as stale",
}

TRIGGERS = tuple(
    f"create trigger tile_{event} after {event} on {table} {tables}"
    f" for each statement execute function camera_tile_note_{kind}()"
    for table, kind in _KINDS.items()
    for event, tables in _EVENTS.items()
) + tuple(
    f"create trigger tile_truncate after truncate on {table}"
    " for each statement execute function camera_tile_note_truncate()"
    for table in _KINDS
)

BEFORE_TABLES = (PLACE, PART, "create sequence camera_tile_version")
AFTER_TABLES = (
    *(PLAIN, NOTED, NOW, SEEN, CELLS_SEEN, POINTS, CELLS, ANNOUNCE, REFRESH),
    *(NOTE_CAMERA, NOTE_STATE, NOTE_SCENE, NOTE_TRUNCATE),
    *TRIGGERS,
)

REMOVED = (
    *(f"drop trigger tile_{event} on {table}" for table in _KINDS for event in (*_EVENTS, "truncate")),
    *(f"drop function camera_tile_note_{kind}()" for kind in (*_KINDS.values(), "truncate")),
    "drop function camera_tile_refresh()",
    "drop function camera_tile_announce(camera_tile_part[])",
    "drop function camera_tile_cells(bigint, bigint, integer, integer, boolean, integer, integer)",
    "drop function camera_tile_points(bigint, bigint, integer, integer, boolean, integer)",
    *(
        f"drop view {view}"
        for view in ("camera_cell_seen", "camera_seen", "camera_tile_now", "camera_tile_noted")
    ),
)
"""Undoes ``AFTER_TABLES``."""
