"""Jobs and imports on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from api.file_names import plain_name
from api.schemas import Line, Sent, Wire
from base.errors import InvalidInputError
from camera_registry.jobs import JobStatus

JobState = Literal["queued", "running", "done", "failed", "cancelled"]

_REPORT = {
    "batch_id": None,
    "kind": "cameras",
    "source": "police-2026",
    "dry_run": True,
    "rows": 1200,
    "accepted": 1187,
    "refused": 13,
    "new": 1100,
    "changed": 80,
    "unchanged": 7,
    "gone": 2,
}


class JobProblem(Wire):
    """What stopped a job."""

    code: str = Field(examples=["invalid-input"], description="stable: programs switch on it")
    detail: str = Field(examples=["The file is neither CSV, XLSX, GeoJSON nor GeoPackage."])
    remedy: str = Field(default="", examples=["Save it anew in one of these forms."])
    instance: str | None = Field(default=None, examples=["urn:uuid:0198c0de-0000-7000-8000-000000000000"])


class JobRecord(Wire):
    """Long work that somebody asked for."""

    id: int = Field(examples=[42])
    kind: str = Field(examples=["import"])
    state: JobState = Field(examples=["running"])
    stage: str = Field(examples=["checking rows"], description="what is being done")
    share: float = Field(examples=[0.4], description="finished share, 0 to 1")
    asked_by: str | None = Field(examples=["zhou.hang"], description="null is the system itself")
    asked_at: datetime = Field(examples=["2026-01-17T17:06:42Z"])
    started_at: datetime | None = Field(examples=["2026-01-17T17:06:43Z"])
    ended_at: datetime | None = Field(examples=[None])
    cancel_asked: bool = Field(examples=[False])
    attempts: int = Field(examples=[1], description="times that it was begun; more than one after a crash")
    result: dict[str, Any] | None = Field(examples=[None], description="what came of it; differs by kind")
    problem: JobProblem | None

    @classmethod
    def of(cls, status: JobStatus) -> "JobRecord":
        """What the wire says of a job."""
        return cls(
            id=status.id,
            kind=status.kind,
            state=status.state,  # type: ignore[arg-type]  # a check constraint holds the column to these
            stage=status.stage,
            share=round(status.share, 4),
            asked_by=status.username,
            asked_at=status.asked_at,
            started_at=status.started_at,
            ended_at=status.ended_at,
            cancel_asked=status.cancel_asked,
            attempts=status.attempts,
            result=status.result,
            problem=JobProblem(**status.problem) if status.problem else None,
        )


MAX_MAPPED = 200


class ImportOptions(Sent):
    """What is asked of an import."""

    kind: Literal["cameras", "points"] = Field(examples=["cameras"], description="what it lists")
    filename: Annotated[Line, StringConstraints(min_length=1)] = Field(examples=["摄像机清单.xlsx"])
    source: Line = Field(
        default="", examples=["police"], description="the list it is an issue of; else the file's name"
    )
    crs: Line = Field(
        default="", examples=["GCJ-02"], description="reference system of rows that declare none"
    )
    layer: Line = Field(
        default="", examples=["hospital"], description="layer of points that name none: number, code or name"
    )
    blanks: Literal["keep", "clear"] = Field(
        default="keep", examples=["keep"], description="what an empty cell says of a known record"
    )
    dry_run: bool = Field(default=False, examples=[True], description="report everything and change nothing")
    partial: bool = Field(
        default=False, examples=[False], description="a supplement: what it does not list is not gone"
    )
    confirm_gone: bool = Field(
        default=False, examples=[False], description="even if more than half of the source is gone"
    )
    overwrite_edits: bool = Field(
        default=False, examples=[False], description="let the list overrule what people entered by hand"
    )
    map: list[Line] = Field(
        default=[],
        max_length=MAX_MAPPED,
        examples=[["点位名称=name", "备注="]],
        description="`header=field`, over what is recognised; without a field that column is left out",
    )

    def parameters(self) -> dict[str, Any]:
        """The parameters of the job.

        Raises:
            InvalidInputError: A mapping is none.
        """
        name = plain_name(self.filename)
        decided = self.model_dump(exclude={"filename", "source", "map"})
        source = self.source or name.rsplit(".", 1)[0]
        return {**decided, "filename": name, "source": source, "mapping": mapping_of(self.map)}


def mapping_of(pairs: list[str]) -> dict[str, str]:
    """``header=field`` pairs as a mapping; a header may hold the sign itself.

    Raises:
        InvalidInputError: One is none.
    """
    mapping = {}
    for pair in pairs:
        header, sign, field = pair.rpartition("=")
        if not sign or not header:
            raise InvalidInputError(f"map: {pair!r} is no header=field.")
        mapping[header] = field.strip()
    return mapping


class ImportRecord(Wire):
    """An import: what was uploaded, how far it is, and its report."""

    id: int = Field(examples=[42], description="of its job")
    state: JobState = Field(examples=["done"])
    stage: str = Field(examples=[""], description="what is being done")
    share: float = Field(examples=[1.0], description="finished share, 0 to 1")
    asked_by: str | None = Field(examples=["zhou.hang"])
    asked_at: datetime = Field(examples=["2026-01-17T17:06:42Z"])
    ended_at: datetime | None = Field(examples=["2026-01-17T17:06:51Z"])
    kind: str = Field(examples=["cameras"])
    source: str = Field(examples=["police-2026"])
    filename: str = Field(examples=["摄像机清单.xlsx"])
    bytes: int = Field(examples=[181_204])
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    dry_run: bool = Field(examples=[True])
    problem: JobProblem | None
    report: dict[str, Any] | None = Field(examples=[_REPORT], description="what it found and did")
    rejects: str | None = Field(
        examples=["/api/v1/imports/42/rejects"], description="the file of refused rows, if there are any"
    )
    commit: str | None = Field(
        examples=["/api/v1/imports/42/commit"], description="imports what this dry run checked; null if not"
    )

    @classmethod
    def of(cls, status: JobStatus, *, rejects: bool, committable: bool) -> "ImportRecord":
        """What the wire says of an import job.

        Args:
            status: The job.
            rejects: Whether its file of refused rows is still kept.
            committable: Whether its upload is still kept.
        """
        here = f"/api/v1/imports/{status.id}"
        asked = status.parameters
        job = JobRecord.of(status)
        return cls(
            id=status.id,
            state=job.state,
            stage=job.stage,
            share=job.share,
            asked_by=job.asked_by,
            asked_at=job.asked_at,
            ended_at=job.ended_at,
            kind=asked["kind"],
            source=asked["source"],
            filename=asked["filename"],
            bytes=asked["bytes"],
            sha256=asked["sha256"],
            dry_run=asked["dry_run"],
            problem=job.problem,
            report=status.result,
            rejects=f"{here}/rejects" if rejects else None,
            commit=f"{here}/commit" if committable else None,
        )
