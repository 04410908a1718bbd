"""Accounts: people and programs that may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.audit import Deed, record
from base.errors import ConflictError, InvalidInputError, NotFoundError
from models.scope import Role
from models.tables import account, organisation, session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

MAX_NAME = 64
MAX_SENSITIVITY = 3


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made.

    Attributes:
        username: What is typed at login.
        password_hash: argon2id.
        roles: At least one.
        unit_code: The unit whose subtree it sees.
        max_sensitivity: 0 to 3; cameras above it do not exist for it.
        display_name: For people.
    """

    username: str
    password_hash: str
    roles: frozenset[Role]
    unit_code: str
    max_sensitivity: int = 0
    display_name: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.username) <= MAX_NAME or not self.username.isprintable():
            raise InvalidInputError(f"A user name has 1 to {MAX_NAME} printable characters.")
        if self.username != self.username.strip():
            raise InvalidInputError("A user name neither begins nor ends with a space.")
        if not self.roles:
            raise InvalidInputError("An account has at least one role.")
        if not 0 <= self.max_sensitivity <= MAX_SENSITIVITY:
            raise InvalidInputError(f"Sensitivity goes from 0 to {MAX_SENSITIVITY}.")


def roles_of(names: Iterable[str]) -> frozenset[Role]:
    """The roles of these names.

    Raises:
        InvalidInputError: One is none.
    """
    try:
        return frozenset(Role(name) for name in names)
    except ValueError as err:
        raise InvalidInputError(f"Roles are {', '.join(Role)}.") from err


async def add_account(connection: AsyncConnection, new: NewAccount) -> int:
    """Make it and return its id.

    Raises:
        ConflictError: The name is taken.
        NotFoundError: There is no such unit.
    """
    unit_id = await connection.scalar(select(organisation.c.id).where(organisation.c.code == new.unit_code))
    if unit_id is None:
        raise NotFoundError(f"There is no unit with the code {new.unit_code}.")
    values = {
        "username": new.username,
        "display_name": new.display_name,
        "password_hash": new.password_hash,
        "roles": sorted(new.roles),
        "unit_id": unit_id,
        "max_sensitivity": new.max_sensitivity,
    }
    try:
        account_id: int = (
            await connection.execute(insert(account).values(values).returning(account.c.id))
        ).scalar_one()
    except IntegrityError as err:
        raise ConflictError(f"There is an account {new.username} already.") from err
    detail = {"roles": sorted(new.roles), "unit": new.unit_code, "max_sensitivity": new.max_sensitivity}
    await record(connection, Deed("account.add", f"account/{account_id}", detail=detail))
    return account_id


async def list_accounts(connection: AsyncConnection) -> Sequence[RowMapping]:
    """All accounts with their unit's code and name, by user name; no hashes."""
    columns = (account.c.id, account.c.username, account.c.display_name, account.c.roles)
    query = (
        select(
            *columns,
            organisation.c.code.label("unit_code"),
            organisation.c.name.label("unit_name"),
            account.c.max_sensitivity,
            account.c.active,
        )
        .join(organisation, organisation.c.id == account.c.unit_id)
        .order_by(account.c.username)
    )
    return (await connection.execute(query)).mappings().all()


async def disable_account(connection: AsyncConnection, username: str) -> None:
    """Let it ask no more: nobody logs in, and who is logged in is out.

    Raises:
        NotFoundError: There is no such account.
    """
    await _change(connection, username, "account.disable", active=False)


async def change_password(connection: AsyncConnection, username: str, password_hash: str) -> None:
    """Give it another password; who is logged in is out.

    Raises:
        NotFoundError: There is no such account.
    """
    await _change(connection, username, "account.password", password_hash=password_hash)


async def _change(connection: AsyncConnection, username: str, action: str, **values: object) -> None:
    query = update(account).where(account.c.username == username).values(**values).returning(account.c.id)
    account_id = (await connection.execute(query)).scalar_one_or_none()
    if account_id is None:
        raise NotFoundError(f"There is no account {username}.")
    await connection.execute(delete(session).where(session.c.account_id == account_id))
    await record(connection, Deed(action, f"account/{account_id}"))
