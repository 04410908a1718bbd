"""The calendar: the most due first, one look for all that is due, nothing lost when a worker dies."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from random import Random
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import InvalidInputError
from ingest.backoff import PATIENCE, USUAL, pause_s
from ingest.breaker import OPENS_AT_HOST, OPENS_AT_SUBNET, groups_of
from ingest.class_queue import SLACK
from ingest.schedule import EARLY, RETURN_S, Calendar, PlannedWatch
from ingest.shares import WEIGHTS, frame, most_looks_to_wait
from models.look import Outcome


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
    plan.complete(lease.id, 1005, Outcome.PICTURE)
    assert plan.lease(1, now=1064) == []
    assert len(plan.lease(1, now=1065)) == 1


def test_a_dead_worker_costs_one_lease_time() -> None:
    plan = calendar(seen(1, 10, 60, at=0), lease_s=30)
    (lost,) = plan.lease(1, now=1000)
    assert plan.lease(1, now=1029) == []
    (again,) = plan.lease(1, now=1030)
    assert again.id != lost.id
    plan.complete(lost.id, 1031, Outcome.PICTURE)  # the dead worker's word comes late and changes nothing
    assert plan.lease(1, now=1032) == []
    plan.complete(again.id, 1033, Outcome.PICTURE)
    assert len(plan.lease(1, now=1093)) == 1


def test_a_failing_camera_is_tried_less_and_less_but_never_given_up() -> None:
    plan = calendar(seen(1, 10, 60, at=0))
    now, waits = 1000.0, []
    for _ in range(8):
        (lease,) = plan.lease(1, now)
        plan.complete(lease.id, now, Outcome.UNREACHABLE)
        waits.append(plan.wait_s(now))
        now += waits[-1]
    assert waits == sorted(waits)
    assert 108 <= waits[0] <= 120
    assert 540 <= waits[-1] <= USUAL.longest_s


def test_cameras_never_seen_are_spread_over_their_cadence() -> None:
    plan = calendar(*(PlannedWatch(k, k, 600) for k in range(6000)))
    per_minute = []
    for now in range(1060, 1601, 60):
        leases = plan.lease(10_000, now)
        per_minute.append(len([lease for lease in leases if lease.due <= 1600]))
        for lease in leases:
            plan.complete(lease.id, now, Outcome.PICTURE)
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
    plan.complete(lease.id, 1002, Outcome.PICTURE)
    assert plan.lease(9, now=1003) == []


def test_a_word_about_an_unknown_lease_changes_nothing() -> None:
    plan = calendar(seen(1, 10, 60, at=0))
    plan.complete(uuid4(), 1000, Outcome.PICTURE)
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
                plan.complete(lease.id, now, Outcome.PICTURE if picture else Outcome.UNREACHABLE)
            else:
                held[lease.camera_id] = lease.expires_at
    later = now + 10 * USUAL.longest_s
    assert {lease.camera_id for lease in plan.lease(100, later)} == cameras


def fleet(sizes: dict[int, int], cadence: float = 10, at: float = 0) -> list[PlannedWatch]:
    """One watch a camera; a class's watches are numbered from its priority times 10,000."""
    return [
        PlannedWatch(priority * 10_000 + k, priority * 10_000 + k, cadence, at, priority)
        for priority, size in sizes.items()
        for k in range(size)
    ]


def classes(cameras: list[int]) -> Counter[int]:
    return Counter(camera // 10_000 for camera in cameras)


def test_every_stretch_as_long_as_a_frame_holds_the_share_of_every_class() -> None:
    owners = [turn[0] for turn in frame()]
    for start in range(len(owners)):
        assert Counter(owners[start:] + owners[:start]) == WEIGHTS
    assert all(1 in three for three in zip(owners, owners[1:], owners[2:], strict=False))  # not in one lump


def test_when_all_classes_have_more_than_enough_each_has_its_share() -> None:
    plan = calendar(*fleet(dict.fromkeys(WEIGHTS, 200)))
    given = [lease.camera_id for _ in range(62) for lease in plan.lease(1, now=1000)]
    assert classes(given) == {priority: 2 * weight for priority, weight in WEIGHTS.items()}


def test_what_a_class_does_not_use_goes_to_the_others_by_priority() -> None:
    plan = calendar(*fleet({2: 200, 3: 200, 5: 200}))
    given = classes([lease.camera_id for lease in plan.lease(31, now=1000)])
    assert given == {2: 16 + 8 + 2, 3: 4, 5: 1}


def test_a_look_for_one_class_serves_the_watches_of_the_others() -> None:
    plan = calendar(PlannedWatch(1, 10, 60, 900, 5), PlannedWatch(2, 10, 60, 900, 1))
    (lease,) = plan.lease(9, now=1000)
    assert set(lease.watches) == {1, 2}
    plan.complete(lease.id, 1000, Outcome.PICTURE)
    assert plan.lease(9, now=1059) == []


@given(
    sizes=st.dictionaries(st.sampled_from(sorted(WEIGHTS)), st.integers(1, 40), min_size=1),
    cadence=st.integers(1, 300),
    count=st.integers(1, 20),
    lost=st.sampled_from([0.0, 0.2]),
    seed=st.integers(0, 999),
)
def test_no_class_is_ever_later_than_its_bound(
    sizes: dict[int, int], cadence: int, count: int, lost: float, seed: int
) -> None:
    plan = calendar(*fleet(sizes, cadence, at=1000), lease_s=15)
    random = Random(seed)
    asked_at: list[float] = []
    looks: list[int] = []  # as many as each ask was given
    waited: list[tuple[int, int, int]] = []
    for step in range(150):
        now = 1000.0 + 3 * step
        leases = plan.lease(count if step < 149 else 10_000, now)
        for number, lease in enumerate(leases, start=1):
            first_chance = bisect_left([*asked_at, now], lease.due)
            waited.append((lease.camera_id // 10_000, first_chance, sum(looks) + number))
            if random.random() >= lost:
                plan.complete(lease.id, now, Outcome.PICTURE)
        asked_at.append(now)
        looks.append(len(leases))
    given_before = [0, *accumulate(looks)]
    for priority, first_chance, number in waited:
        assert number - given_before[first_chance] <= most_looks_to_wait(priority, sizes[priority])


def test_a_camera_that_kills_its_workers_delays_nobody_twice() -> None:
    plan = calendar(seen(1, 10, 60, at=0), seen(2, 20, 60, at=100), seen(3, 30, 60, at=200), lease_s=30)
    order = [plan.lease(1, now)[0].camera_id for now in (1000, 1030, 1060)]
    assert order == [10, 20, 30]


def test_a_restart_brings_no_more_looks_at_once_than_there_were() -> None:
    plan = calendar(
        *(PlannedWatch(k, k, 600, 1000 - 600 * ((k * 7919) % 6000) / 6000) for k in range(6000)), lease_s=900
    )
    per_minute = [len(plan.lease(10_000, now)) for now in range(1060, 1601, 60)]
    assert sum(per_minute) == 6000
    assert max(per_minute) < 700


def test_a_city_that_is_to_be_seen_more_often_is_not_seen_all_at_once() -> None:
    plan = calendar(*(PlannedWatch(k, k, 3600, 999) for k in range(6000)), lease_s=900)
    plan.replan([PlannedWatch(k, k, 60, 999) for k in range(6000)], 1000)
    per_second = [len(plan.lease(10_000, now)) for now in range(1001, 1061)]
    assert sum(per_second) == 6000
    assert max(per_second) < 150


def test_a_watch_follows_its_new_class_cadence_and_camera() -> None:
    plan = calendar(*fleet({1: 40}), PlannedWatch(7, 70, 60, 0, 5))
    plan.replan([*fleet({1: 40}), PlannedWatch(7, 70, 60, 0, 1)], 1000)
    assert 70 not in [lease.camera_id for lease in plan.lease(40, now=1000)]  # last of its class now
    plan.replan([PlannedWatch(7, 71, 60, 0, 1)], 1000)
    assert [lease.camera_id for lease in plan.lease(9, now=1000)] == [71]
    assert len(plan) == 1


def test_plans_that_change_again_and_again_leave_nothing_behind() -> None:
    plan = calendar(*fleet({1: 10, 5: 10}, at=990))
    for step in range(1, 1000):
        plan.replan(fleet({1 + step % 2: 10, 5 - step % 2: 10}, cadence=10 + step % 7), 1000)
    assert sum(len(queue) for queue in plan._queues.values()) <= len(WEIGHTS) * (2 * 20 + SLACK)


def test_a_priority_that_is_no_class_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="priority 6"):
        calendar(PlannedWatch(1, 10, 60, 0, 6))


def behind(authority: str, cameras: range, cadence: float = 60, at: float = 0) -> list[PlannedWatch]:
    return [PlannedWatch(k, k, cadence, at, 3, authority.format(k)) for k in cameras]


class Switch:
    """A calendar that is asked once a second by a worker that looks at all it is given."""

    def __init__(self, *watches: PlannedWatch) -> None:
        self.plan = calendar(*watches)
        self.now = 1000.0
        self.fallen = False
        self.looked: list[tuple[float, int]] = []

    def run(self, seconds: int) -> list[int]:
        """The cameras that were looked at meanwhile."""
        before = len(self.looked)
        for _ in range(seconds):
            self.now += 1
            for lease in self.plan.lease(4, self.now):
                self.looked.append((self.now, lease.camera_id))
                gone = self.fallen and lease.camera_id < 1000
                self.plan.complete(lease.id, self.now, Outcome.TIMED_OUT if gone else Outcome.PICTURE)
        return [camera for _, camera in self.looked[before:]]


def test_a_fallen_switch_costs_a_few_looks_and_then_one_now_and_then() -> None:
    switch = Switch(*behind("10.1.2.{}:554", range(200)), *behind("10.9.{}.1", range(1000, 1010)))
    switch.run(120)
    switch.fallen = True
    lost = [camera for camera in switch.run(600) if camera < 1000]
    assert switch.plan.silent_groups == ("10.1.2.0/24",)
    assert len(lost) <= OPENS_AT_SUBNET + 4 + 8  # what was under way, and probes at 10, 20, 40 … seconds
    healthy = Counter(camera for _, camera in switch.looked if camera >= 1000)
    assert min(healthy.values()) >= 11  # every minute, as if nothing had happened


def test_when_the_switch_is_back_its_cameras_return_at_once_but_not_together() -> None:
    switch = Switch(*behind("10.1.2.{}", range(200)))
    switch.run(120)
    switch.fallen = True
    switch.run(120)
    switch.fallen = False
    began = switch.now
    switch.run(400)
    assert switch.plan.silent_groups == ()
    back = {camera: at for at, camera in reversed(switch.looked) if at > began}
    assert len(back) == 200
    assert max(back.values()) - min(back.values()) <= RETURN_S + 60


def test_a_recorder_that_is_gone_takes_its_channels_with_it() -> None:
    switch = Switch(*behind("nvr-7.example:554", range(64)))
    switch.fallen = True
    assert len(switch.run(300)) <= OPENS_AT_HOST + 4 + 6


def test_one_camera_that_answers_keeps_the_others_from_being_given_up() -> None:
    watches = behind("10.1.2.{}", range(7))
    switch = Switch(*watches)
    switch.fallen = True
    assert set(switch.run(30)) == set(range(7))
    assert switch.plan.silent_groups == ()  # seven are fewer than a subnet's eight


def test_a_camera_with_another_address_waits_no_more() -> None:
    switch = Switch(*behind("10.1.2.{}", range(20)))
    switch.fallen = True
    switch.run(60)
    switch.plan.replan(behind("10.1.3.{}", range(20)), switch.now)
    switch.fallen = False
    assert set(switch.run(700)) == set(range(20))


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(list(Outcome))), max_size=120), st.integers(0, 9)
)
def test_behind_breakers_no_camera_is_ever_lost(steps: list[tuple[int, Outcome]], host: int) -> None:
    watches = behind("10.1.2.1" if host < 5 else "10.1.2.{}", range(12), cadence=10)
    plan = calendar(*watches)
    now = 1000.0
    for count, outcome in steps:
        now += 3
        for lease in plan.lease(count, now):
            plan.complete(lease.id, now, outcome)
    found: set[int] = set()
    for _ in range(40):  # all is well again: a probe closes the breaker, back-off ends
        now += 300
        for lease in plan.lease(100, now):
            found.add(lease.camera_id)
            plan.complete(lease.id, now, Outcome.PICTURE)
    assert found == set(range(12))


@pytest.mark.parametrize(
    ("authority", "groups"),
    [
        ("10.1.2.3:554", ("10.1.2.3", "10.1.2.0/24")),
        ("10.1.2.3", ("10.1.2.3", "10.1.2.0/24")),
        ("[fd00:1:2:3:4::5]:8554", ("fd00:1:2:3:4::5", "fd00:1:2:3::/64")),
        ("NVR.example:554", ("nvr.example",)),
        ("", ()),
        (":554", ()),
    ],
)
def test_a_camera_fails_together_with_its_host_and_its_subnet(
    authority: str, groups: tuple[str, ...]
) -> None:
    assert groups_of(authority) == groups


@given(st.text(max_size=30))
def test_any_authority_has_groups_or_none(authority: str) -> None:
    assert len(groups_of(authority)) <= 2


@given(st.floats(1, 86_400), st.integers(0, 1000), st.sampled_from(list(Outcome)), st.integers(0, 1 << 40))
def test_no_pause_is_shorter_than_the_cadence_or_longer_than_its_limit(
    cadence: float, failures: int, outcome: Outcome, camera: int
) -> None:
    pause = pause_s(cadence, failures, outcome, camera)
    assert cadence <= pause <= max(cadence, PATIENCE.get(outcome, USUAL).longest_s)


def test_an_account_is_not_locked_by_trying_again_and_again() -> None:
    assert pause_s(10, 1, Outcome.UNAUTHORISED, 7) >= 270
    assert pause_s(10, 1, Outcome.UNREACHABLE, 7) <= 20


def test_a_watch_that_is_nearly_due_is_served_by_the_same_look() -> None:
    plan = calendar(seen(1, 10, 60, at=940), seen(2, 10, 600, at=400 + 0.9 * EARLY * 600))
    (lease,) = plan.lease(9, now=1000)
    assert set(lease.watches) == {1, 2}
