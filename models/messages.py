"""What the processes say to each other over NATS."""

from __future__ import annotations

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from models.look import Outcome

ASK = "dengta.calendar.ask"
"""Request: a worker asks for looks."""
DONE = "dengta.calendar.done"
"""A worker hands leases back, their effects committed."""
LOOKED = "dengta.stats.looked"
"""A worker tells what it did in the last second; lost ones do not matter."""

LEASES_PER_ASK = 500
"""Bounds one answer well below NATS's 1 MB."""


class Message(BaseModel):
    """A message on the wire, as JSON. What a newer sender says more is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    def encode(self) -> bytes:
        """The JSON form."""
        return self.model_dump_json().encode()


class Ask(Message):
    """A worker asks for ``count`` looks."""

    worker: str = Field(max_length=64)
    count: int = Field(ge=1, le=LEASES_PER_ASK)
    asked_at: AwareDatetime
    patience_s: float = Field(gt=0, le=60, description="After so long the worker listens no more.")


class Lease(Message):
    """One look that a worker may take until ``expires_in_s`` have passed; it serves all ``watches``."""

    id: UUID
    camera_id: int
    watches: tuple[int, ...]
    expires_in_s: float


class Grant(Message):
    """The answer to :class:`Ask`: the most due looks, perhaps none."""

    leases: tuple[Lease, ...]
    wait_s: float = Field(ge=0, description="When nothing is due: seconds until something will be.")


class Returned(Message):
    """A lease handed back."""

    lease: UUID
    outcome: Outcome


class Done(Message):
    """Leases whose effects are committed."""

    returned: tuple[Returned, ...]


class Looked(Message):
    """What one worker did since its last word."""

    worker: str
    seconds: float
    outcomes: dict[str, int]
    recognised: int
    decided: int
