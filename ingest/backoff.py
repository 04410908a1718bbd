"""How long a camera that gave no picture is left alone, by what was wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from models.look import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping


class Patience(NamedTuple):
    """How soon a failing camera is tried again: at first, and at the longest, seconds."""

    first_s: float
    longest_s: float


USUAL: Final = Patience(0.0, 600.0)
"""The network's troubles pass, and a camera that is back should be seen within ten minutes."""

PATIENCE: Final[Mapping[Outcome, Patience]] = {
    # Cameras lock an account after a few wrong passwords, for everybody.
    Outcome.UNAUTHORISED: Patience(300.0, 3600.0),
    Outcome.NOT_FOUND: Patience(120.0, 3600.0),
    # Only a person can mend these: in the catalogue, or in the settings.
    Outcome.NOT_ALLOWED: Patience(600.0, 3600.0),
    Outcome.REDIRECTED_AWAY: Patience(600.0, 3600.0),
}

_JITTER: Final = 0.1
_MOST_DOUBLINGS: Final = 16


def pause_s(cadence_s: float, failures: int, outcome: Outcome, camera_id: int) -> float:
    """Seconds to the next look: the cadence, doubled for each failure in a row up to a limit.

    Up to a tenth is taken off by the camera's id, so that those that failed together do not return together.
    A camera that is to be seen less often than the limit is tried at its own cadence.

    Args:
        cadence_s: Seconds between looks that succeed.
        failures: In a row, the last look among them; 0 after a picture.
        outcome: Of the last look.
        camera_id: The camera.
    """
    if not failures:
        return cadence_s
    first_s, longest_s = PATIENCE.get(outcome, USUAL)
    doubled = max(cadence_s * (1 << min(failures, _MOST_DOUBLINGS)), first_s)
    share = (camera_id * 2654435761 % (1 << 32)) / (1 << 32)  # Knuth's multiplicative hash
    return max(cadence_s, min(doubled, longest_s) * (1 - _JITTER * share))
