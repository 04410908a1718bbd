"""CQL2 text is read as the standard means it, or refused with the place."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from base.errors import InvalidInputError
from gis.cql2 import MAX_DEPTH, Call, Geometry, Literal, Property, parse

A, B, C = Property("a"), Property("b"), Property("c")
ONE, TWO = Literal(1), Literal(2)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a = 1", Call("=", (A, ONE))),
        ("a<>1", Call("<>", (A, ONE))),
        ("a >= -1.5e3", Call(">=", (A, Literal(-1500.0)))),
        ("a = 'it''s'", Call("=", (A, Literal("it's")))),
        (r"a = 'it\'s'", Call("=", (A, Literal("it's")))),
        ("\"a\" = '路口'", Call("=", (A, Literal("路口")))),
        ("名称 = '路'", Call("=", (Property("名称"), Literal("路")))),
        ('"with ""quotes""" = 1', Call("=", (Property('with "quotes"'), ONE))),
        ("a = TRUE", Call("=", (A, Literal(value=True)))),
        ("a IS NULL", Call("isNull", (A,))),
        ("a is not null", Call("not", (Call("isNull", (A,)),))),
        ("a LIKE '%x_'", Call("like", (A, Literal("%x_")))),
        ("a NOT LIKE 'x'", Call("not", (Call("like", (A, Literal("x"))),))),
        ("a BETWEEN 1 AND 2 AND b = 1", Call("and", (Call("between", (A, ONE, TWO)), Call("=", (B, ONE))))),
        ("a NOT BETWEEN 1 AND 2", Call("not", (Call("between", (A, ONE, TWO)),))),
        ("a IN (1,2)", Call("in", (A, ONE, TWO))),
        ("a NOT IN (1)", Call("not", (Call("in", (A, ONE)),))),
        (
            "CASEI(a) LIKE CASEI('X')",
            Call("like", (Call("casei", (A,)), Call("casei", (Literal("X"),)))),
        ),
        ("a > DATE('2026-01-31')", Call(">", (A, Literal(date(2026, 1, 31))))),
        (
            "a > TIMESTAMP('2026-01-31T08:00:00+08:00')",
            Call(">", (A, Literal(datetime(2026, 1, 31, tzinfo=UTC)))),
        ),
        # A property may be called what elsewhere is a keyword of another place.
        ("date = 1", Call("=", (Property("date"), ONE))),
        ("point = 1", Call("=", (Property("point"), ONE))),
        ("orange = 1", Call("=", (Property("orange"), ONE))),
    ],
)
def test_it_is_read(text: str, meaning: Call) -> None:
    assert parse(text) == meaning


def test_and_binds_closer_than_or_and_not_closest() -> None:
    assert parse("a = 1 OR b = 1 AND NOT c = 1") == Call(
        "or",
        (
            Call("=", (A, ONE)),
            Call("and", (Call("=", (B, ONE)), Call("not", (Call("=", (C, ONE)),)))),
        ),
    )
    assert parse("(a = 1 OR b = 1) AND c = 1") == Call(
        "and", (Call("or", (Call("=", (A, ONE)), Call("=", (B, ONE)))), Call("=", (C, ONE)))
    )


def test_arithmetic_keeps_its_ranks_and_goes_from_the_left() -> None:
    assert parse("a - 1 - 2 * b = 1") == Call(
        "=", (Call("-", (Call("-", (A, ONE)), Call("*", (TWO, B)))), ONE)
    )


@pytest.mark.parametrize(
    ("text", "wkt"),
    [
        ("S_INTERSECTS(g, POINT(121.4 37.5))", "POINT(121.4 37.5)"),
        ("s_within(g,POLYGON((0 0,1 0,1 1,0 0)))", "POLYGON((0 0,1 0,1 1,0 0))"),
        ("S_INTERSECTS(g, BBOX(0,0,2,1))", "POLYGON((2 0,2 1,0 1,0 0,2 0))"),
        ("S_INTERSECTS(g, BBOX(0,0,-5,2,1,9))", "POLYGON((2 0,2 1,0 1,0 0,2 0))"),
        ("S_INTERSECTS(g, MULTIPOINT((0 0),(-1 -1.5)))", "MULTIPOINT((0 0),(-1 -1.5))"),
        ("S_INTERSECTS(g, POINT Z (1 2 3))", "POINT(1 2)"),
        (
            "S_INTERSECTS(g, GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1)))",
            "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))",
        ),
    ],
)
def test_shapes_are_read(text: str, wkt: str) -> None:
    call = parse(text)
    assert isinstance(call, Call)
    geometry = call.arguments[1]
    assert isinstance(geometry, Geometry)
    assert geometry.shape.equals(shapely.from_wkt(wkt))


def test_a_box_across_the_antimeridian_has_two_halves() -> None:
    call = parse("S_INTERSECTS(g, BBOX(170,0,-170,1))")
    assert isinstance(call, Call)
    shape = call.arguments[1].shape
    assert shape.intersects(shapely.Point(179, 0.5))
    assert shape.intersects(shapely.Point(-179, 0.5))
    assert not shape.intersects(shapely.Point(0, 0.5))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a =", "the end was not expected"),
        ("a = 'x", "at character 5"),
        ("a = 1; drop table camera", "';' at character 6"),
        ("a = 1 b = 2", "'b' at character 7"),
        ("f(a) = 1", "no function 'f'"),
        ("S_INTERSECTS(g, BBOX(1,2,3))", "four numbers"),
        ("S_INTERSECTS(g, POINT(1))", "well-known text"),
        ("S_INTERSECTS(g, POINT(37.5 121.4))", "outside the world"),
        ("a = DATE('2026-02-30')", "no date"),
        ("a = 1e999", "too large"),
        ("a = '\0'", "NUL"),
        ("", "the end"),
        ("NOT " * (MAX_DEPTH + 2) + "a = 1", "deeper"),
        ("+".join(["a"] * (MAX_DEPTH + 2)) + " = 1", "put together"),
        ("a = 1 OR " * 1000 + "a = 1", "characters"),
    ],
)
def test_what_is_no_filter_is_refused_with_the_place(text: str, told: str) -> None:
    with pytest.raises(InvalidInputError, match="filter: ") as refused:
        parse(text)
    assert told in str(refused.value)


WORDS = (
    "a b 1 -2.5 'x' AND OR NOT ( ) , = < LIKE IN IS NULL BETWEEN BBOX POINT S_INTERSECTS CASEI DATE TIMESTAMP"
    ' TRUE + * ^ "q"'
)


@given(st.lists(st.sampled_from(WORDS.split()), max_size=14).map(" ".join) | st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInputError):
        parse(text)
