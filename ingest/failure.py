"""The one exception of a look. It never leaves it: an outcome on its way to becoming a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from base.errors import DengtaError

if TYPE_CHECKING:
    from models.look import Outcome


class LookFailedError(DengtaError):
    """Why a look yields no picture.

    Args:
        outcome: How the look ends.
        detail: One sentence in our own words. Text that a peer sent is never quoted: it may be hostile, and
            it may echo a password.
    """

    code: ClassVar[str] = "look-failed"

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
