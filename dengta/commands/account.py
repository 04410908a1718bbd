"""``dengta account``: who may ask."""

from __future__ import annotations

import asyncio
import json as json_format
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.accounts import NewAccount, add_account, change_password, disable_account, list_accounts, roles_of
from api.passwords import Passwords
from base.errors import InvalidInputError
from base.settings import get_settings
from dengta.store import open_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from sqlalchemy.ext.asyncio import AsyncConnection

    Answer = TypeVar("Answer")

app = typer.Typer(help="Accounts: who may ask, and what they may see.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="User name")]
PasswordEnv = Annotated[
    str,
    typer.Option("--password-env", help="Environment variable with the password; without it you are asked."),
]


@app.command()
def add(
    name: Name,
    role: Annotated[
        list[str], typer.Option(help="gis, operator, dispatcher, lead, auditor or engineer; may be repeated")
    ],
    unit: Annotated[str, typer.Option(help="Code of the unit whose subtree it sees")],
    sensitivity: Annotated[int, typer.Option(min=0, max=3, help="Cameras above it are hidden")] = 0,
    display_name: Annotated[str, typer.Option(help="Name for people")] = "",
    password_env: PasswordEnv = "",
) -> None:
    """Make an account."""
    new = NewAccount(
        username=name,
        password_hash=Passwords().hash(_password(password_env)),
        roles=roles_of(role),
        unit_code=unit,
        max_sensitivity=sensitivity,
        display_name=display_name,
    )
    _run(lambda connection: add_account(connection, new))
    sys.stderr.write(f"Account {name} was made.\n")


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False) -> None:
    """List the accounts."""
    accounts = [dict(row) for row in _run(list_accounts)]
    if json:
        print(json_format.dumps(accounts, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "for people", "roles", "unit", "sensitivity", "active"):
        table.add_column(heading, overflow="fold")
    for row in accounts:
        unit = f"{row['unit_code']} {row['unit_name']}"
        active = "yes" if row["active"] else "no"
        table.add_row(
            row["username"],
            row["display_name"],
            ", ".join(row["roles"]),
            unit,
            str(row["max_sensitivity"]),
            active,
        )
    Console().print(table)


@app.command()
def disable(name: Name) -> None:
    """Let an account ask no more; whoever is logged in with it is out at once."""
    _run(lambda connection: disable_account(connection, name))
    sys.stderr.write(f"Account {name} is disabled.\n")


@app.command()
def password(name: Name, password_env: PasswordEnv = "") -> None:
    """Give an account another password; whoever is logged in with it is out at once."""
    hashed = Passwords().hash(_password(password_env))
    _run(lambda connection: change_password(connection, name, hashed))
    sys.stderr.write(f"Account {name} has another password.\n")


def _password(variable: str) -> str:
    """From the environment or the terminal; never from the command line, which every process can read."""
    if variable:
        if variable not in os.environ:
            raise InvalidInputError(f"The environment variable {variable} is not set.")
        return os.environ[variable]
    if not sys.stdin.isatty():
        raise InvalidInputError(
            "There is no terminal to ask for a password.", remedy="Use --password-env NAME."
        )
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return typed


def _run(work: Callable[[AsyncConnection], Awaitable[Answer]]) -> Answer:
    async def run() -> Answer:
        async with open_store(get_settings(), pool_size=1) as store, store.database.begin() as connection:
            return await work(connection)

    return asyncio.run(run())
