"""Who asks: the unit subtree, roles and sensitivity that every listing, count, tile and stream is held to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import and_

from base.errors import ForbiddenError

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause


class Role(StrEnum):
    """The six roles of the product."""

    GIS = "gis"
    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    LEAD = "lead"
    AUDITOR = "auditor"
    ENGINEER = "engineer"


class Permission(StrEnum):
    """What an asker may do, as distinct from what it may see."""

    READ_CAMERAS = "read-cameras"
    EDIT_CAMERAS = "edit-cameras"
    CLASSIFY_CAMERAS = "classify-cameras"
    IMPORT_CATALOGUE = "import-catalogue"
    EDIT_UNITS = "edit-units"
    EDIT_RULES = "edit-rules"
    READ_EVENTS = "read-events"
    VIEW_PICTURES = "view-pictures"
    READ_AUDIT = "read-audit"
    READ_SYSTEM = "read-system"


GRANTS: dict[Role, frozenset[Permission]] = {
    Role.GIS: frozenset(
        {
            Permission.READ_CAMERAS,
            Permission.EDIT_CAMERAS,
            Permission.CLASSIFY_CAMERAS,
            Permission.IMPORT_CATALOGUE,
            Permission.EDIT_UNITS,
            Permission.EDIT_RULES,
            Permission.VIEW_PICTURES,
        }
    ),
    Role.OPERATOR: frozenset({Permission.READ_CAMERAS, Permission.READ_EVENTS, Permission.VIEW_PICTURES}),
    Role.DISPATCHER: frozenset({Permission.READ_CAMERAS, Permission.READ_EVENTS, Permission.VIEW_PICTURES}),
    Role.LEAD: frozenset({Permission.READ_CAMERAS, Permission.READ_EVENTS, Permission.VIEW_PICTURES}),
    # An auditor reads what was done, not what the cameras see.
    Role.AUDITOR: frozenset({Permission.READ_CAMERAS, Permission.READ_AUDIT}),
    Role.ENGINEER: frozenset(
        {
            Permission.READ_CAMERAS,
            Permission.READ_SYSTEM,
            Permission.IMPORT_CATALOGUE,
            Permission.EDIT_UNITS,
        }
    ),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The range of the world that one asker sees.

    Attributes:
        account_id: Who asks.
        roles: The asker's roles.
        tree_left: First position of the asker's unit in the organisation tree.
        tree_right: Last position of its subtree.
        max_sensitivity: Cameras above it do not exist for the asker.
    """

    account_id: int
    roles: frozenset[Role]
    tree_left: int
    tree_right: int
    max_sensitivity: int = 0

    def may(self, permission: Permission) -> bool:
        """Whether one of the roles grants ``permission``."""
        return any(permission in GRANTS[role] for role in self.roles)

    def require(self, permission: Permission) -> None:
        """Refuse unless one of the roles grants ``permission``.

        Raises:
            ForbiddenError: No role does.
        """
        if not self.may(permission):
            raise ForbiddenError(
                f"This account may not {permission.value.replace('-', ' ')}.",
                remedy="Ask an engineer for a role that grants it.",
            )

    def sees(self, table: FromClause) -> ColumnElement[bool]:
        """The condition that holds a query on ``table`` to this scope.

        The table must carry ``unit_tree`` and ``sensitivity``. What lies in no unit has no ``unit_tree``
        and is seen by nobody but the whole city (see :meth:`whole_city`).
        """
        open_to_them: ColumnElement[bool] = table.c.sensitivity <= self.max_sensitivity
        if self.whole_city:  # and a condition that lets all through would cost each row its check
            return open_to_them
        return and_(table.c.unit_tree.between(self.tree_left, self.tree_right), open_to_them)

    @property
    def whole_city(self) -> bool:
        """Whether the asker belongs to the root of the tree."""
        return self.tree_left == ROOT_POSITION


ROOT_POSITION = 1
"""``tree_left`` of the city itself."""
