"""Trees are numbered so that a subtree is a range, and renumbered as little as can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import InvalidInputError
from gis.nested_sets import fit, number
from models.scope import ROOT_POSITION


@st.composite
def trees(draw, most=60):
    """Parents of a tree of three levels at most, parents before children."""
    parents = {"root": None}
    depth = {"root": 0}
    for n in range(draw(st.integers(0, most))):
        above = draw(st.sampled_from(sorted(name for name in parents if depth[name] < 2)))
        parents[f"n{n}"] = above
        depth[f"n{n}"] = depth[above] + 1
    return dict(sorted(parents.items(), key=lambda each: depth[each[0]]))


def above(parents, node):
    while node is not None:
        yield node
        node = parents[node]


def well_formed(parents, places):
    """A node lies in another's range exactly when it lies below it in the tree."""
    assert places.keys() == parents.keys()
    assert places["root"][0] == ROOT_POSITION
    lefts = [left for left, _ in places.values()]
    assert len(set(lefts)) == len(lefts)
    for one, (left, right) in places.items():
        assert left <= right
        for other, (inner, _) in places.items():
            assert (left <= inner <= right) == (one in above(parents, other)), (one, other)


@given(trees(), st.integers(0, 10_000))
def test_a_subtree_is_a_range(parents, after):
    places = number(parents, after=after)
    well_formed(parents, places)
    assert all(left > after for name, (left, _) in places.items() if name != "root")


@given(trees(), st.data())
def test_a_tree_that_is_changed_stays_well_formed_and_keeps_what_it_can(parents, data):
    places = number(parents)
    changed = dict(parents)
    for name in data.draw(st.lists(st.sampled_from(sorted(parents)), max_size=5)):
        below = [other for other in changed if other != name and name in above(changed, other)]
        kind = data.draw(st.sampled_from(["remove", "move", "add"]))
        depth = len(list(above(changed, name))) if name in changed else 9
        if kind == "remove" and name != "root" and name in changed and not below:
            del changed[name]
        elif kind == "move" and name != "root" and name in changed and not below:
            homes = [other for other in changed if other != name and len(list(above(changed, other))) < 3]
            changed[name] = data.draw(st.sampled_from(sorted(homes)))
        elif kind == "add" and depth < 3:
            changed[f"new-{len(changed)}-{name}"] = name
    ordered = dict(sorted(changed.items(), key=lambda each: len(list(above(changed, each[0])))))
    now = fit(ordered, parents, places)
    well_formed(ordered, now)


def test_nothing_moves_where_nothing_changed():
    parents = {"root": None, "a": "root", "a1": "a"}
    places = number(parents)
    assert fit(parents, parents, places) == places


def test_a_new_township_takes_a_free_place_and_nobody_moves():
    before = {"root": None, "a": "root", "b": "root", "a1": "a", "b1": "b"}
    places = number(before)
    now = fit({**before, "a2": "a"}, before, places)
    assert {name: now[name] for name in before} == places
    left, right = places["a"]
    assert left < now["a2"][0] <= now["a2"][1] < right


def test_a_tree_without_room_is_numbered_anew_beyond_all_that_was_given():
    """Positions of the old tree name nobody in the new one."""
    dense = {"root": (1, 4), "a": (2, 3)}
    before = {"root": None, "a": "root"}
    now = fit({"root": None, "a": "root", "a1": "a"}, before, dense)
    assert now["root"][0] == 1
    assert min(now["a"][0], now["a1"][0]) > 4


@pytest.mark.parametrize(
    ("parents", "reason"),
    [
        ({}, "0 roots"),
        ({"a": None, "b": None}, "2 roots"),
        ({"a": None, "b": "c"}, "parent c is not there"),
        ({"a": None, "b": "c", "c": "b"}, "above itself"),
        ({"a": "a"}, "0 roots"),
    ],
)
def test_what_is_no_tree_is_refused(parents, reason):
    with pytest.raises(InvalidInputError, match=reason):
        number(parents)
    with pytest.raises(InvalidInputError, match=reason):
        fit(parents, parents, dict.fromkeys(parents, (1, 2)))
