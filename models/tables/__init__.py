"""The schema of the one store, in SQLAlchemy and GeoAlchemy2 terms; migrations must replay to it."""

from models.tables.access import account, audit, idempotency, session
from models.tables.base import MERCATOR_BITS, metadata
from models.tables.camera import camera, camera_state, credential
from models.tables.classification import (
    camera_scene,
    classification_batch,
    classification_change,
    classification_tally,
)
from models.tables.crs import crs_finding, crs_repair, crs_repair_camera, crs_survey
from models.tables.governance import (
    camera_check,
    camera_fault,
    camera_score,
    governance_day,
    governance_indicator,
    governance_rule,
    governance_run,
    governance_setting,
)
from models.tables.imports import import_batch, import_source
from models.tables.incident import incident, outbox
from models.tables.job import job
from models.tables.organisation import organisation, road, scene, unit_before, unit_change
from models.tables.point import point, point_layer
from models.tables.search import camera_search, camera_words, search_behind, search_gram
from models.tables.suggestion import suggestion, suggestion_model, suggestion_rule
from models.tables.tile import camera_cell, camera_tile, camera_tile_due
from models.tables.watch import rule_state, watch

__all__ = [
    "MERCATOR_BITS",
    "account",
    "audit",
    "camera",
    "camera_cell",
    "camera_check",
    "camera_fault",
    "camera_scene",
    "camera_score",
    "camera_search",
    "camera_state",
    "camera_tile",
    "camera_tile_due",
    "camera_words",
    "classification_batch",
    "classification_change",
    "classification_tally",
    "credential",
    "crs_finding",
    "crs_repair",
    "crs_repair_camera",
    "crs_survey",
    "governance_day",
    "governance_indicator",
    "governance_rule",
    "governance_run",
    "governance_setting",
    "idempotency",
    "import_batch",
    "import_source",
    "incident",
    "job",
    "metadata",
    "organisation",
    "outbox",
    "point",
    "point_layer",
    "road",
    "rule_state",
    "scene",
    "search_behind",
    "search_gram",
    "session",
    "suggestion",
    "suggestion_model",
    "suggestion_rule",
    "unit_before",
    "unit_change",
    "watch",
]
