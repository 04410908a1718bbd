"""The calendar: the most due first, one look for all that is due, nothing lost when a worker dies."""

from __future__ import annotations

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from ingest.schedule import LONGEST_BACKOFF_S, Calendar, PlannedWatch


def calendar(*watches: PlannedWatch, now: float = 1000, lease_s: float = 30) -> Calendar:
    made = Calendar(lease_s=lease_s)
    made.replan(watches, now)
    return made


def seen(watch: int, camera: int, cadence: float, at: float) -> PlannedWatch:
    return PlannedWatch(watch, camera, cadence, at)


def test_the_most_overdue_camera_comes_first() -> None:
    plan = calendar(seen(1, 10, 60, at=900), seen(2, 20, 60, at=800), seen(3, 30, 60, at=990))
    assert [lease.camera_id for lease in plan.lease(9, now=1000)] == [20, 10]


def test_one_look_serves_every_watch_that_is_due_on_its_camera() -> None:
    plan = calendar(seen(1, 10, 60, at=900), seen(2, 10, 30, at=900), seen(3, 10, 600, at=900))
    (lease,) = plan.lease(9, now=1000)
    assert set(lease.watches) == {1, 2}


def test_a_leased_camera_is_not_given_twice() -> None:
    plan = calendar(seen(1, 10, 1, at=0))
    assert len(plan.lease(9, now=1000)) == 1
    assert plan.lease(9, now=1010) == []


def test_a_look_done_falls_due_again_after_its_cadence() -> None:
    plan = calendar(seen(1, 10, 60, at=0))
    (lease,) = plan.lease(1, now=1000)
    plan.complete(lease.id, 1005, picture=True)
    assert plan.lease(1, now=1064) == []
    assert len(plan.lease(1, now=1065)) == 1


def test_a_dead_worker_costs_one_lease_time() -> None:
    plan = calendar(seen(1, 10, 60, at=0), lease_s=30)
    (lost,) = plan.lease(1, now=1000)
    assert plan.lease(1, now=1029) == []
    (again,) = plan.lease(1, now=1030)
    assert again.id != lost.id
    plan.complete(lost.id, 1031, picture=True)  # the dead worker's word comes late and changes nothing
    assert plan.lease(1, now=1032) == []
    plan.complete(again.id, 1033, picture=True)
    assert len(plan.lease(1, now=1093)) == 1


def test_a_failing_camera_is_tried_less_and_less_but_never_given_up() -> None:
    plan = calendar(seen(1, 10, 60, at=0))
    now, waits = 1000.0, []
    for _ in range(8):
        (lease,) = plan.lease(1, now)
        plan.complete(lease.id, now, picture=False)
        waits.append(plan.wait_s(now))
        now += waits[-1]
    assert waits == sorted(waits)
    assert waits[0] == 120
    assert waits[-1] == LONGEST_BACKOFF_S


def test_cameras_never_seen_are_spread_over_their_cadence() -> None:
    plan = calendar(*(PlannedWatch(k, k, 600) for k in range(6000)))
    per_minute = []
    for now in range(1060, 1601, 60):
        leases = plan.lease(10_000, now)
        per_minute.append(len([lease for lease in leases if lease.due <= 1600]))
        for lease in leases:
            plan.complete(lease.id, now, picture=True)
    assert sum(per_minute) == 6000
    assert max(per_minute) < 700


def test_a_watch_taken_away_is_looked_at_no_more() -> None:
    plan = calendar(seen(1, 10, 60, at=0), seen(2, 20, 60, at=0))
    plan.replan([seen(2, 20, 60, at=0)], 1000)
    assert [lease.camera_id for lease in plan.lease(9, now=1000)] == [20]


def test_a_replan_keeps_what_is_leased_and_what_was_seen() -> None:
    plan = calendar(seen(1, 10, 60, at=0))
    (lease,) = plan.lease(1, now=1000)
    plan.replan([seen(1, 10, 60, at=0), seen(2, 20, 60, at=0)], 1001)
    assert [lease.camera_id for lease in plan.lease(9, now=1001)] == [20]
    plan.complete(lease.id, 1002, picture=True)
    assert plan.lease(9, now=1003) == []


def test_a_word_about_an_unknown_lease_changes_nothing() -> None:
    plan = calendar(seen(1, 10, 60, at=0))
    plan.complete(uuid4(), 1000, picture=True)
    assert len(plan.lease(9, now=1000)) == 1


@given(
    st.lists(st.tuples(st.integers(1, 8), st.integers(5, 100)), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.booleans()), max_size=60),
)
def test_no_camera_is_ever_lost_or_looked_at_twice_at_once(
    watches: list[tuple[int, int]], rounds: list[tuple[int, bool, bool]]
) -> None:
    plan = calendar(
        *(PlannedWatch(k, camera, cadence) for k, (camera, cadence) in enumerate(watches)), lease_s=20
    )
    cameras = {camera for camera, _ in watches}
    now = 1000.0
    held: dict[int, float] = {}
    for count, finishes, picture in rounds:
        now += 7
        held = {camera: until for camera, until in held.items() if until > now}
        for lease in plan.lease(count, now):
            assert lease.camera_id not in held
            assert lease.watches
            if finishes:
                plan.complete(lease.id, now, picture=picture)
            else:
                held[lease.camera_id] = lease.expires_at
    later = now + 10 * LONGEST_BACKOFF_S
    assert {lease.camera_id for lease in plan.lease(100, later)} == cameras
