"""Fields that a record must have, and fields that contradict each other."""

from __future__ import annotations

from camera_registry.governance.checks.check import DIRECTION, Check, blank

_OUTDOOR_FIXED = "c.ptz_type in (2, 3) and c.room_type is distinct from 2"
"""Half-domes and bullets: what they see is given by how they were hung."""

CHECKS = {
    "address-missing": Check(blank("c.address")),
    "address-vague": Check(
        f"length(btrim(c.address)) < :threshold and not {blank('c.address')}", "c.address"
    ),
    "owner-missing": Check(blank("c.owner")),
    "manufacturer-missing": Check(blank("c.manufacturer")),
    "model-missing": Check(blank("c.model")),
    "installed-missing": Check("c.installed_on is null"),
    "installed-implausible": Check(
        "c.installed_on > (:now)::date + 1 or c.installed_on < '1990-01-01'", "c.installed_on::text"
    ),
    "maintainer-missing": Check(blank("c.maintainer")),
    "management-unit-missing": Check(blank("c.management_unit")),
    "contact-missing": Check(blank("c.contact_info")),
    "ptz-type-missing": Check("coalesce(c.ptz_type, 0) = 0"),
    "room-type-missing": Check("coalesce(c.room_type, 0) = 0"),
    "record-days-missing": Check("coalesce(c.record_save_days, 0) = 0"),
    "record-days-short": Check(
        "c.record_save_days > 0 and c.record_save_days < :threshold", "c.record_save_days::text"
    ),
    "heading-missing": Check(
        f"{_OUTDOOR_FIXED} and c.heading_deg is null and coalesce(c.direction_type, 0) = 0"
    ),
    "heading-disagrees": Check(
        f"180 - abs(180 - abs(c.heading_deg - {DIRECTION})) > :threshold", "c.heading_deg::text"
    ),
    "height-missing": Check(f"{_OUTDOOR_FIXED} and coalesce(c.mount_height_m, 0) = 0"),
    "view-missing": Check(f"{_OUTDOOR_FIXED} and coalesce(c.horizontal_field_deg, 0) = 0"),
    "unclassified": Check("not exists (select from camera_scene s where s.camera_id = c.id)"),
}
