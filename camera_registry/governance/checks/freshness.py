"""Whether a record still tells of something: listed by its source, and not dead for long."""

from __future__ import annotations

from camera_registry.governance.checks.check import Check
from models.camera import CameraState

_SEEN = "greatest(c.source_seen_at, c.listed_at)"
_THRESHOLD = "make_interval(secs => :threshold * 86400)"

CHECKS = {
    "source-stale": Check(
        f"c.source is not null and c.gone_since is null and {_SEEN} < :now - {_THRESHOLD}",
        f"to_char({_SEEN}, 'YYYY-MM-DD')",
    ),
    "source-gone": Check("c.gone_since is not null", "to_char(c.gone_since, 'YYYY-MM-DD')"),
    "offline-long": Check(
        f"c.state = {CameraState.OFFLINE:d} and c.state_since < :now - {_THRESHOLD}",
        "to_char(c.state_since, 'YYYY-MM-DD')",
    ),
}
