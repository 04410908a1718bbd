"""How each rule is told in SQL: one condition for each, all of them asked of a record in one pass.

A check sees one row of :data:`camera_registry.governance.records.RECORDS`: the camera as ``c``, with

* ``sound``: its id is twenty digits;
* ``code_area``, ``civil_area``, ``place_area``: the district, six digits, that its device id, its
  administrative code and its place name; null where that cannot be told;
* ``title``: its name without the space around it;
* ``plausible``: its declared coordinates are in China, in the right order;
* ``unit_name``, ``district_name``, ``city_name``: where it stands, as far as that is known;
* ``state``, ``state_since``: its health; ``listed_at``: when its source handed in its last list;
* ``misread_as``: what its coordinates look like, if not as declared.

``:now`` is the moment of the assessment, ``:threshold`` the rule's number.
"""

from camera_registry.governance.checks import freshness, identity, naming, place, record, stream
from camera_registry.governance.checks.check import Check

CHECKS: dict[str, Check] = {
    **identity.CHECKS,
    **record.CHECKS,
    **place.CHECKS,
    **naming.CHECKS,
    **stream.CHECKS,
    **freshness.CHECKS,
}
"""By the code of the rule. Those that compare records are in :mod:`camera_registry.governance.duplicates`."""

__all__ = ["CHECKS", "Check"]
