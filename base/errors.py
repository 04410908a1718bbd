"""The one error tree: every failure Dengta can name, each with a sentence, a remedy and a stable code."""

from __future__ import annotations

from typing import ClassVar


class DengtaError(Exception):
    """A failure with a name.

    Args:
        detail: One sentence that names what failed. It must hold no secret: it is shown to users.
        remedy: What the reader can do about it, or empty.

    Attributes:
        code: Stable machine-readable name; part of the HTTP contract (RFC 9457 ``type``).
    """

    code: ClassVar[str] = "failed"

    def __init__(self, detail: str, *, remedy: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.detail} {self.remedy}".strip()


class InvalidInputError(DengtaError):
    """Something the caller gave cannot be used; ``detail`` names the field and the reason."""

    code = "invalid-input"


class UnauthenticatedError(DengtaError):
    """Nobody is known to be asking."""

    code = "unauthenticated"


class ForbiddenError(DengtaError):
    """The asker is known and may not do this."""

    code = "forbidden"


class NotFoundError(DengtaError):
    """There is no such thing, or none within the asker's scope: the two are not told apart."""

    code = "not-found"


class ConflictError(DengtaError):
    """Somebody else changed it first, or it exists already."""

    code = "conflict"


class TooManyRequestsError(DengtaError):
    """The asker has used up an allowance; trying again later helps."""

    code = "too-many-requests"


class UnavailableError(DengtaError):
    """A part this depends on does not answer now; trying again later may help."""

    code = "unavailable"


class SetupError(DengtaError):
    """The machine lacks something (a package, a free port, room on the disk)."""

    code = "setup"


class ModelError(DengtaError):
    """A model file is absent, is not what the shelf says it is, or cannot be run."""

    code = "model"
