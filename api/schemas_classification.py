"""Classifications on the wire: dry runs, batches, the assignments of one camera."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from api.filters import CameraFilterBody
from api.schemas import STATE_NAMES, Line, SceneRef, Sent, StateName, UnitRef, Wire
from camera_registry.classification import (
    Action,
    Assigned,
    BatchRow,
    CameraEvent,
    Change,
    Conflicts,
    Outcome,
    Preview,
    Since,
    Source,
    Undoing,
    UnitCount,
)
from camera_registry.classification.change import MAX_REASON
from camera_registry.classification.decision import Standing
from camera_registry.classification.token import MAX_LENGTH

Reason = Annotated[Line, StringConstraints(max_length=MAX_REASON)]
Confidence = Annotated[float, Field(ge=0, le=1)]
BatchAction = Literal["add", "remove", "replace", "undo"]

_LASSO = {"type": "Polygon", "coordinates": [[[121.3, 37.4], [121.5, 37.4], [121.5, 37.6], [121.3, 37.4]]]}


class ClassificationWish(Sent):
    """Which cameras shall serve which scenes."""

    action: Action = Field(
        examples=["add"],
        description="`add` these scenes, `remove` them, or `replace`: serve exactly these",
    )
    scenes: list[Line] = Field(min_length=1, max_length=100, examples=[["snow-clearing"]])
    cameras: CameraFilterBody = Field(
        description="a lasso (`area`), a filter, a list (`ids`, `codes`), or all of them together",
        examples=[{"area": _LASSO, "states": ["online"]}],
    )
    conflicts: Conflicts | None = Field(
        default=None,
        examples=["beside"],
        description="cameras that serve other scenes: `keep` them as they are, put the new ones `beside`, or "
        "`replace` the others; when left out, `beside` to add and `replace` to replace",
    )
    confidence: Confidence | None = Field(default=None, examples=[None], description="0 to 1")
    reason: Reason | None = Field(default=None, examples=["清雪重点路段复核"])
    confirm: bool = Field(
        default=False,
        examples=[False],
        description="make what is so already your own word as well, e.g. after checking an import",
    )

    def change(self) -> Change:
        """In the catalogue's terms.

        Raises:
            InvalidInputError: It contradicts itself.
        """
        return Change(
            action=self.action,
            scenes=tuple(dict.fromkeys(self.scenes)),
            cameras=self.cameras.filter(),
            conflicts=self.conflicts,
            source=Source.PERSON,
            confidence=self.confidence,
            reason=self.reason or None,
            confirm=self.confirm,
        )


class ClassificationOrder(ClassificationWish):
    """A wish to be done, with the token of its dry run."""

    token: Annotated[str, StringConstraints(max_length=MAX_LENGTH)] | None = Field(
        default=None,
        examples=["WyI4ZjE0ZTQ1ZmNlZWExNjdhNWEzNmRlZGQiLDE4LDIwMDAwLC00MTJd"],
        description="from the dry run: it is done only if it still means the same",
    )


class FacetCount(Wire):
    """How many of the cameras belong to one group; null is no group."""

    key: str | None = Field(examples=["370602001"])
    name: str | None = Field(default=None, examples=["向阳街道"])
    cameras: int = Field(examples=[812])


class ConflictCount(Wire):
    """Cameras that serve another scene than those that are named, and by whose word."""

    scene: SceneRef
    source: Source = Field(examples=["person"])
    by: str | None = Field(examples=["li.gis"], description="null is the system itself")
    cameras: int = Field(examples=[1204])


class SampledCamera(Wire):
    """One of the cameras, with the scenes it serves and those that it would."""

    id: int = Field(examples=[17])
    code: str | None = Field(examples=["37060200081326000001"])
    name: str = Field(examples=["红旗路坡道西"])
    unit: UnitRef | None
    standing: Standing = Field(examples=["differs"])
    serves: list[str] = Field(examples=[["road-junction"]])
    will_serve: list[str] = Field(examples=[["road-junction", "snow-clearing"]])


class ClassificationPreview(Wire):
    """What would be done; cameras unless it says otherwise. `meant` is new, already and differs together."""

    meant: int = Field(examples=[20000], description="within the asker's scope")
    new: int = Field(examples=[17102], description="they will change, and nothing speaks against it")
    already: int = Field(examples=[1694], description="they are so already")
    differs: int = Field(examples=[1204], description="they serve other scenes")
    changed: int = Field(examples=[18306], description="whose assignments would change")
    added: int = Field(examples=[18306], description="assignments that would come")
    removed: int = Field(examples=[0], description="assignments that would go")
    kept: int = Field(examples=[0], description="left alone for the scenes that they serve, as asked")
    unknown: int = Field(examples=[2], description="listed, and not there within the asker's scope")
    unknown_some: list[str] = Field(examples=[["37060200081326999999"]])
    conflicts: list[ConflictCount]
    units: list[FacetCount]
    states: dict[StateName, int] = Field(examples=[{"online": 19104, "offline": 896}])
    scenes: list[FacetCount] = Field(description="that they serve now")
    owners: list[FacetCount]
    sample: list[SampledCamera] = Field(description="some of each standing, those that differ first")
    token: str = Field(
        examples=["WyI4ZjE0ZTQ1ZmNlZWExNjdhNWEzNmRlZGQiLDE4LDIwMDAwLC00MTJd"],
        description="send it with the change: it is refused if it means something else by then",
    )

    @classmethod
    def of(cls, found: Preview) -> Self:
        """On the wire."""
        numbers = ("meant", "new", "already", "differs", "changed", "added", "removed", "kept", "unknown")
        return cls(
            **{name: getattr(found, name) for name in numbers},
            unknown_some=list(found.unknown_some),
            conflicts=[
                ConflictCount(
                    scene=SceneRef(code=c.scene, name=c.name), source=c.source, by=c.by, cameras=c.cameras
                )
                for c in found.conflicts
            ],
            states={STATE_NAMES[state]: count for state, count in found.states.items()},
            units=[FacetCount(key=f.key, name=f.name, cameras=f.cameras) for f in found.units],
            scenes=[FacetCount(key=f.key, name=f.name, cameras=f.cameras) for f in found.scenes],
            owners=[FacetCount(key=f.key, name=f.name, cameras=f.cameras) for f in found.owners],
            sample=[
                SampledCamera(
                    **{name: getattr(s, name) for name in ("id", "code", "name", "standing")},
                    unit=UnitRef(code=s.unit, name=s.unit_name or "") if s.unit else None,
                    serves=list(s.serves),
                    will_serve=list(s.will_serve),
                )
                for s in found.sample
            ],
            token=found.token.encode(),
        )


class ClassificationDone(Wire):
    """What was done; cameras unless it says otherwise."""

    batch: int | None = Field(examples=[19], description="null if there was nothing to change")
    meant: int = Field(examples=[20000])
    changed: int = Field(examples=[18306])
    unchanged: int = Field(examples=[1694], description="they were so already, or were left alone")
    added: int = Field(examples=[18306], description="assignments that came")
    removed: int = Field(examples=[0], description="assignments that went")
    kept: int = Field(examples=[0], description="left alone for the scenes that they serve, as asked")

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """On the wire."""
        names = ("meant", "changed", "unchanged", "added", "removed", "kept")
        return cls(batch=outcome.batch_id, **{name: getattr(outcome, name) for name in names})


class SinceBatch(Wire):
    """A batch that came in between."""

    batch: int = Field(examples=[18])
    by: str | None = Field(examples=["li.gis"], description="null is the system itself")
    at: datetime = Field(examples=["2026-01-17T17:03:10Z"])
    cameras: int = Field(examples=[57], description="how many of those concerned it changed")

    @classmethod
    def of(cls, since: Since) -> Self:
        """On the wire."""
        return cls(batch=since.batch_id, by=since.by, at=since.at, cameras=since.cameras)


class UndoOrder(Sent):
    """Why a batch is taken back."""

    reason: Reason | None = Field(default=None, examples=["套索画错了区"])


class BatchUndoing(Wire):
    """What taking a batch back comes to, or would; cameras unless it says otherwise."""

    batch: int | None = Field(examples=[20], description="the undo's own; null if there was nothing to undo")
    undoes: int = Field(examples=[19])
    undone: int = Field(examples=[18249], description="restored exactly as they were")
    already: int = Field(examples=[0], description="are as they were: the batch was undone already")
    changed: int = Field(examples=[57], description="left alone, because somebody decided otherwise since")
    gone: int = Field(examples=[0], description="deleted, or no longer within your scope")
    added: int = Field(examples=[0], description="assignments that come back")
    removed: int = Field(examples=[18249], description="assignments that go")
    since: list[SinceBatch] = Field(description="batches that decided otherwise since")

    @classmethod
    def of(cls, undoing: Undoing) -> Self:
        """On the wire."""
        names = ("undoes", "undone", "already", "changed", "gone", "added", "removed")
        return cls(
            batch=undoing.batch_id,
            **{name: getattr(undoing, name) for name in names},
            since=[SinceBatch.of(each) for each in undoing.since],
        )


class UnitChange(Wire):
    """What a batch changed in one unit."""

    unit: UnitRef | None
    cameras: int = Field(examples=[812])
    added: int = Field(examples=[812])
    removed: int = Field(examples=[0])

    @classmethod
    def of(cls, found: UnitCount) -> Self:
        """On the wire."""
        unit = UnitRef(code=found.code, name=found.name or "") if found.code else None
        return cls(unit=unit, cameras=found.cameras, added=found.added, removed=found.removed)


class ClassificationBatch(Wire):
    """A batch; its counts are of cameras within the asker's scope, where they stood then."""

    id: int = Field(examples=[19])
    at: datetime = Field(examples=["2026-01-17T17:06:42Z"])
    by: str | None = Field(examples=["wang.gis"], description="null is the system itself")
    action: BatchAction = Field(examples=["add"])
    source: Source = Field(examples=["person"])
    conflicts: Conflicts = Field(examples=["beside"])
    scenes: list[str] = Field(examples=[["snow-clearing"]])
    reason: str | None = Field(examples=["清雪重点路段复核"])
    asked: dict[str, Any] = Field(examples=[{"area": _LASSO}], description="which cameras, as asked")
    undoes: int | None = Field(examples=[None], description="the batch that it took back")
    undone_by: list[int] = Field(examples=[[20]], description="batches that took it back, whole or in part")
    cameras: int = Field(examples=[18306], description="whose assignments it changed")
    added: int = Field(examples=[18306])
    removed: int = Field(examples=[0])

    @classmethod
    def of(cls, batch: BatchRow) -> Self:
        """On the wire."""
        return cls(**{name: getattr(batch, name) for name in cls.model_fields if name in _OF_BATCH})


_OF_BATCH = frozenset(ClassificationBatch.model_fields)


class ClassificationBatchDetail(ClassificationBatch):
    """A batch, and what it changed by unit."""

    units: list[UnitChange]


class BatchCamera(Wire):
    """A camera of a batch."""

    id: int = Field(examples=[17])
    code: str | None = Field(examples=["37060200081326000001"])
    name: str = Field(examples=["红旗路坡道西"])
    came: list[str] = Field(examples=[["snow-clearing"]], description="scenes that it began to serve")
    went: list[str] = Field(examples=[[]], description="scenes that it ceased to serve")


class Assignment(Wire):
    """A scene that a camera serves, and who says so, when and why."""

    scene: SceneRef
    source: Source = Field(examples=["suggestion"])
    confidence: float | None = Field(examples=[0.92], description="null where nobody measured it")
    reason: str | None = Field(examples=["名称含“坡道”;120 m 内有清雪路段"])
    by: str | None = Field(examples=["wang.gis"], description="null is the system itself")
    at: datetime = Field(examples=["2026-01-17T17:06:42Z"])
    batch: int | None = Field(examples=[19], description="null is older than all batches")

    @classmethod
    def of(cls, assigned: Assigned) -> Self:
        """On the wire."""
        names = ("source", "confidence", "reason", "by", "at")
        return cls(
            scene=SceneRef(code=assigned.scene, name=assigned.name),
            batch=assigned.batch_id,
            **{name: getattr(assigned, name) for name in names},
        )


class Assignments(Wire):
    """What a camera serves."""

    camera: int = Field(examples=[17])
    items: list[Assignment]


class AssignmentEvent(Wire):
    """One change of a camera's assignments."""

    batch: int = Field(examples=[19])
    at: datetime = Field(examples=["2026-01-17T17:06:42Z"])
    by: str | None = Field(examples=["wang.gis"], description="null is the system itself")
    action: BatchAction = Field(examples=["add"])
    undoes: int | None = Field(examples=[None])
    why: str | None = Field(examples=["清雪重点路段复核"], description="the batch's reason")
    added: bool = Field(examples=[True], description="whether the assignment came or went")
    assignment: Assignment

    @classmethod
    def of(cls, event: CameraEvent) -> Self:
        """On the wire."""
        names = ("at", "by", "action", "undoes", "why", "added")
        return cls(
            batch=event.batch_id,
            assignment=Assignment.of(event.assigned),
            **{name: getattr(event, name) for name in names},
        )


class AssignmentOrder(Sent):
    """Why, and how surely, a camera serves a scene."""

    reason: Reason | None = Field(default=None, examples=["坡道,雪后易滑"])
    confidence: Confidence | None = Field(default=None, examples=[None])
