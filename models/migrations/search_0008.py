"""What the store itself does to keep the search index true. Frozen: a change is a new file and a new revision."""

REMOVED = " 与-_/\\·,.:;!?()[]{}<>#*+~'\"`|^&=@%$、。【】《》“”‘’—・"
"""Left out of texts and of words alike: staff write 红旗路与青年路, 红旗路-青年路 and 红旗路青年路."""

_REMOVED_IN_SQL = REMOVED.replace("'", "''")

FUNCTIONS = (
    # normalize() is the dear part, and most texts need none.
    f"""
create function search_key(written text) returns text language sql immutable strict parallel safe
return lower(translate(
    case when written is nfkc normalized then written else normalize(written, nfkc) end collate "C",
    '{_REMOVED_IN_SQL}', ''))
""",
    """
create function search_rest(address text, owner text) returns text language sql immutable parallel safe
return coalesce(search_key(address), '') || '|' || coalesce(search_key(owner), '')
""",
    # Pairs of neighbouring characters, two code points in a number; '^' stands before the first, so that every
    # character is in some pair. Numbers, because the planner cannot estimate arrays of text whose collation is
    # not the database's own.
    """
create function search_grams(key text) returns bigint[] language sql immutable strict parallel safe
return array(
    select ascii(substr('^' || key, place, 1))::bigint << 21 | ascii(substr(key, place, 1))
      from generate_series(1, length(key)) place)
""",
)
"""Made before the tables, whose index is on one of them."""

AT_ONCE = 100
"""Cameras a transaction that are indexed with the row itself; more are left for the keeper of the index:
indexing 230,000 takes twenty seconds, and an import must not wait for it."""

UPKEEP = (
    f"""
create function camera_text_changed() returns trigger language plpgsql as $$
declare
    done constant integer := coalesce(nullif(current_setting('dengta.cameras_indexed', true), ''), '0');
begin
    if done < {AT_ONCE} then
        insert into camera_search (camera_id, name, code, rest)
        values (new.id, search_key(new.name), coalesce(search_key(new.code), ''),
                search_rest(new.address, new.owner))
            on conflict (camera_id) do update
           set (name, code, rest) = (excluded.name, excluded.code, excluded.rest);
        -- In one order, so that two transactions with new pairs do not wait for each other in a circle. A pair
        -- that was counted in no name is in one now; of others nothing is written, and nobody waits.
        insert into search_gram (gram, in_name)
        select distinct gram, 1 from unnest(search_grams(search_key(new.name))) gram order by gram
            on conflict (gram) do update set in_name = 1 where search_gram.in_name = 0;
        insert into search_gram (gram, elsewhere)
        select distinct gram, 1 from unnest(search_grams(search_rest(new.address, new.owner))) gram order by gram
            on conflict do nothing;
    else
        if done = {AT_ONCE} then
            insert into search_behind values (pg_current_xact_id()::text::bigint) on conflict do nothing;
        end if;
        if tg_op = 'UPDATE' then
            delete from camera_search where camera_id = new.id;
        end if;
    end if;
    if done <= {AT_ONCE} then
        perform set_config('dengta.cameras_indexed', (done + 1)::text, true);
    end if;
    return null;
end $$
""",  # noqa: S608 - put together from this file's own words
    """
create trigger search_inserted after insert on camera
   for each row execute function camera_text_changed()
""",
    """
create trigger search_updated after update of name, address, owner, code on camera for each row
  when ((old.name, old.address, old.owner, old.code) is distinct from
        (new.name, new.address, new.owner, new.code))
       execute function camera_text_changed()
""",
    # The second part costs nothing while nobody is behind.
    """
create view camera_words as
select camera_id, name, code, rest from camera_search
union all
select id, search_key(name), coalesce(search_key(code), ''), search_rest(address, owner)
  from camera
 where exists (select from search_behind)
   and not exists (select from camera_search indexed where indexed.camera_id = camera.id)
""",
)
"""Made after the tables."""
