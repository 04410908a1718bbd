"""Logging in and out, and who is logged in."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from api.context import COOKIE, Authenticated, Context, Ctx, client_of
from api.schemas import Login, Me, UnitRef
from api.sessions import Asker
from models.scope import GRANTS

router = APIRouter(prefix="/session", tags=["session"])


@router.post("", summary="Log in", status_code=201, response_model_exclude_none=True)
async def log_in(request: Request, response: Response, context: Ctx, login: Annotated[Login, Body()]) -> Me:
    """Open a session. Browsers get an HttpOnly cookie; a program asks for the token with `bearer`.

    After five failures for one name from one address each further one doubles the wait (429, `Retry-After`).
    """
    password = login.password.get_secret_value()
    opened = await context.sessions.login(login.username, password, client=client_of(request))
    asker = await context.sessions.resolve(opened.token, client=client_of(request))
    _set_cookie(response, context, opened.token)
    return _me(asker, token=opened.token if login.bearer else None)


@router.get("", summary="Who is logged in", response_model_exclude_none=True)
async def who_am_i(asker: Authenticated) -> Me:
    """Tell who asks, and what they may do and see."""
    return _me(asker)


@router.delete("", summary="Log out", status_code=204)
async def log_out(context: Ctx, asker: Authenticated, response: Response) -> None:
    """End this session; streams that it opened end at once."""
    await context.sessions.close(asker)
    context.bell.ring()
    response.delete_cookie(
        COOKIE, path="/", secure=context.settings.cookie_secure, httponly=True, samesite="strict"
    )


def _set_cookie(response: Response, context: Context, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(context.settings.session_hours * 3600),
        path="/",
        secure=context.settings.cookie_secure,
        httponly=True,
        samesite="strict",
    )


def _me(asker: Asker, *, token: str | None = None) -> Me:
    granted = {permission for role in asker.scope.roles for permission in GRANTS[role]}
    return Me(
        username=asker.username,
        display_name=asker.display_name,
        roles=sorted(asker.scope.roles),
        permissions=sorted(granted),
        unit=UnitRef(code=asker.unit_code, name=asker.unit_name),
        max_sensitivity=asker.scope.max_sensitivity,
        expires_at=asker.expires_at,
        token=token,
    )
