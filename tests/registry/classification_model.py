"""Classification in plain Python, one camera at a time, undone by recursion: what the store is held to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from camera_registry.classification import Change, Conflicts, Source
from camera_registry.classification.decision import Standing, decide_one

Slot = tuple[int, str]
"""A camera and a scene that it may serve."""


@dataclass(frozen=True)
class Held:
    """An assignment, whole."""

    source: Source
    confidence: float | None
    reason: str | None
    by: int | None
    at: datetime
    batch: int | None


@dataclass
class Batch:
    number: int
    source: Source
    action: str
    undoes: int | None
    root: int
    events: dict[Slot, tuple[Held | None, Held | None]] = field(default_factory=dict)


@dataclass
class Model:
    """What the store should hold."""

    held: dict[Slot, Held] = field(default_factory=dict)
    batches: dict[int, Batch] = field(default_factory=dict)

    def change(
        self,
        change: Change,
        cameras: Iterable[int],
        *,
        by: int,
        at: datetime,
        number: int,
    ) -> dict[str, int]:
        """Do it to those of the cameras that the asker sees, and count."""
        named = _named(change, set(cameras))
        batch = Batch(number, change.source, change.action, None, number)
        kept = protected = 0
        for camera, wanted in named.items():
            held = {scene: it.source for (c, scene), it in self.held.items() if c == camera}
            refused = {scene for scene in wanted if self._refused((camera, scene))}
            decision = decide_one(change, wanted.keys(), held, refused)
            left = change.policy is Conflicts.KEEP and bool(held.keys() - wanted.keys())
            kept += left and decision.standing is Standing.DIFFERS
            protected += bool(decision.protected)
            for scene in decision.added:
                self._set(batch, (camera, scene), Held(change.source, *wanted[scene], by or None, at, number))
            for scene in decision.removed:
                self._set(batch, (camera, scene), None)
            for scene in held.keys() & wanted.keys() if change.confirm and not left else ():
                mine = Held(change.source, *wanted[scene], by or None, at, number)
                self._confirm(batch, (camera, scene), mine)
        return {**self._close(batch), "meant": len(named), "kept": kept, "protected": protected}

    def undo(
        self, number: int, cameras: set[int], gone: set[int], *, at: datetime, own: int
    ) -> dict[str, int]:
        """Take a batch back on these cameras, those that the asker sees; ``gone`` are to be told as gone."""
        undone = self.batches[number]
        batch = Batch(own, Source.PERSON, "undo", number, undone.root)
        counts = {"undone": 0, "already": 0, "changed": 0, "gone": 0}
        for camera in {camera for camera, _ in undone.events}:
            if camera not in cameras:
                counts["gone"] += camera in gone
                continue
            slots = {slot: event for slot, event in undone.events.items() if slot[0] == camera}
            fates = {self._fate(undone, slot, before, after) for slot, (before, after) in slots.items()}
            fate = next(f for f in ("changed", "undone", "already") if f in fates)
            counts[fate] += 1
            if fate == "undone":
                for slot, (before, after) in slots.items():
                    if self._fate(undone, slot, before, after) == "undone":
                        self._set(batch, slot, before)
        return {**self._close(batch), **counts}

    def delete(self, camera: int) -> None:
        self.held = {slot: it for slot, it in self.held.items() if slot[0] != camera}

    def _fate(self, undone: Batch, slot: Slot, before: Held | None, after: Held | None) -> str:
        later = (b for b in self.batches.values() if b.root == b.number > undone.root and slot in b.events)
        if any(self._in_force(b, slot) for b in later):
            return "changed"
        if self.held.get(slot) == after:
            return "undone"
        return "already" if self.held.get(slot) == before else "changed"

    def _in_force(self, batch: Batch, slot: Slot) -> bool:
        undoers = (b for b in self.batches.values() if b.undoes == batch.number and slot in b.events)
        return not any(self._in_force(b, slot) for b in undoers)

    def _refused(self, slot: Slot) -> bool:
        return any(
            b.source is Source.PERSON
            and b.undoes is None
            and b.events.get(slot, (None, 1))[1] is None
            and self._in_force(b, slot)
            for b in self.batches.values()
        )

    def _confirm(self, batch: Batch, slot: Slot, mine: Held) -> None:
        now = self.held[slot]
        theirs = now.source is Source.PERSON and mine.source is not Source.PERSON
        if not theirs and replace(now, at=mine.at, batch=mine.batch) != mine:
            self._set(batch, slot, mine)

    def _set(self, batch: Batch, slot: Slot, to: Held | None) -> None:
        batch.events[slot] = (self.held.get(slot), to)
        if to is None:
            del self.held[slot]
        else:
            self.held[slot] = to

    def _close(self, batch: Batch) -> dict[str, int]:
        if batch.events:
            self.batches[batch.number] = batch
        events = batch.events.values()
        return {
            "added": sum(after is not None for _, after in events),
            "removed": sum(before is not None for before, _ in events),
        }


def _named(change: Change, seen: set[int]) -> dict[int, dict[str, tuple[float | None, str | None]]]:
    """The scenes that a change names for each camera that it means, with their confidence and reason."""
    if change.proposals is None:
        return {camera: dict.fromkeys(change.scenes, (change.confidence, None)) for camera in seen}
    named: dict[int, dict[str, tuple[float | None, str | None]]] = {camera: {} for camera in seen}
    for p in change.proposals:
        if p.camera_id in seen:
            named[p.camera_id][p.scene] = (p.confidence, p.reason)
    return named
