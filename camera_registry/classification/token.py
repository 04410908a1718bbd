"""What a dry run saw, carried by the user to the change that follows it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import orjson

from base.errors import InvalidInputError
from camera_registry.classification.asked import digest

if TYPE_CHECKING:
    from camera_registry.classification.change import Change

MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Token:
    """A dry run, in short.

    Attributes:
        digest: Of the change that was asked for.
        batch: The newest batch that it saw.
        meant: How many cameras were meant.
        mark: Which, in a word.
    """

    digest: str
    batch: int
    meant: int
    mark: int

    def encode(self) -> str:
        """Letters for a URL or a body; opaque to whoever carries them."""
        whole = orjson.dumps([self.digest, self.batch, self.meant, self.mark])
        return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> Self:
        """The token of these letters.

        Raises:
            InvalidInputError: They are none.
        """
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            name, *numbers = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            batch, meant, mark = numbers
        except (UnicodeEncodeError, binascii.Error, ValueError, TypeError) as err:
            raise _invalid() from err
        if not isinstance(name, str) or not all(type(number) is int for number in numbers):
            raise _invalid()
        if not all(-(2**63) <= number < 2**63 for number in numbers):
            raise _invalid()
        return cls(name, batch, meant, mark)

    def require(self, change: Change) -> None:
        """Refuse unless this is ``change``'s own dry run.

        Raises:
            InvalidInputError: It is another's.
        """
        if self.digest != digest(change):
            raise InvalidInputError(
                "token: it is of a dry run of something else.",
                remedy="Ask for a dry run of this very change.",
            )


def _invalid() -> InvalidInputError:
    return InvalidInputError("token: this is no token of a dry run.")
