"""Errors on the wire: RFC 9457 problem documents, one table from exception to HTTP status."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from base import errors
from base.errors import DengtaError

if TYPE_CHECKING:
    from datetime import datetime

    from fastapi import FastAPI
    from starlette.requests import Request

PROBLEM_TYPE = "urn:dengta:problem:"
MEDIA_TYPE = "application/problem+json"
RETRY_UNAVAILABLE_S = 5
RETRY_LATER_S = 10
"""Where nobody knows when an allowance is free again."""


class AnswerError(DengtaError):
    """A failure whose answer carries more than its sentence.

    Attributes:
        members: Further members of the problem document.
        headers: Further headers of the answer.
    """

    def __init__(
        self,
        detail: str,
        *,
        remedy: str = "",
        members: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail, remedy=remedy)
        self.members = members or {}
        self.headers = headers or {}


class EditedMeanwhileError(AnswerError, errors.ConflictError):
    """The record is not the one that the asker saw."""

    code: ClassVar[str] = "edited-meanwhile"

    def __init__(self, *, version: int | str, edited_by: str | None, edited_at: datetime | None) -> None:
        who = f" by {edited_by}" if edited_by else ""
        when = f" at {edited_at.isoformat()}" if edited_at else ""
        super().__init__(
            f"The record was edited{who}{when} after you read it.",
            remedy="Read it again and repeat your edit on the newest version.",
            members={"version": version, "edited_by": edited_by, "edited_at": edited_at},
        )


class PreconditionRequiredError(DengtaError):
    """A write says which version it is meant for."""

    code: ClassVar[str] = "precondition-required"


class KeyReusedError(errors.ConflictError):
    """An idempotency key came back with another request."""

    code: ClassVar[str] = "idempotency-key-reused"


class BackOffError(AnswerError, errors.TooManyRequestsError):
    """An allowance is used up until a known moment."""

    def __init__(self, detail: str, *, retry_after_s: float) -> None:
        seconds = max(1, int(retry_after_s + 0.999))
        super().__init__(detail, remedy=f"Try again in {seconds} s.", headers={"Retry-After": str(seconds)})


STATUS: dict[type[DengtaError], HTTPStatus] = {
    DengtaError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.TooManyRequestsError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    EditedMeanwhileError: HTTPStatus.PRECONDITION_FAILED,
    PreconditionRequiredError: HTTPStatus.PRECONDITION_REQUIRED,
    KeyReusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""The nearest ancestor counts: what is not named here is a fault of the server."""

_ALWAYS = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": str(RETRY_LATER_S)},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_UNAVAILABLE_S)},
}


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any
) -> JSONResponse:
    """A problem document as an answer; members that are None or empty are left out."""
    content = {
        "type": PROBLEM_TYPE + code,
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        **{name: _plain(value) for name, value in members.items() if value not in (None, "", [])},
    }
    return JSONResponse(content, status_code=int(status), media_type=MEDIA_TYPE, headers=headers)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def problem_of(err: DengtaError, *, status: int | None = None) -> JSONResponse:
    """The answer that tells ``err``; ``status`` where a standard demands another than the table's."""
    status = status or next(STATUS[kind] for kind in type(err).__mro__ if kind in STATUS)
    members = err.members if isinstance(err, AnswerError) else {}
    headers = {**_ALWAYS.get(HTTPStatus(status), {}), **(err.headers if isinstance(err, AnswerError) else {})}
    return problem(status, err.code, err.detail, headers=headers, remedy=err.remedy, **members)


def register(app: FastAPI) -> None:
    """Make ``app`` answer every failure with a problem document."""
    for kind in STATUS:
        app.add_exception_handler(kind, _dengta)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _dengta(_request: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, DengtaError)
    return problem_of(err)


async def _invalid(_request: Request, err: Exception) -> JSONResponse:
    """Name the fields at fault and why; never what was sent, which may be a password in the wrong field."""
    assert isinstance(err, RequestValidationError)
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"]), "reason": fault["msg"]}
        for fault in err.errors()
    ]
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.InvalidInputError.code,
        "The request cannot be used: " + "; ".join(f"{f['field']}: {f['reason']}" for f in faults[:3]) + ".",
        errors=faults,
    )


async def _http(_request: Request, err: Exception) -> JSONResponse:
    """What the framework itself refuses: no such route, no such method, a body that is too large."""
    assert isinstance(err, HTTPException)
    status = HTTPStatus(err.status_code)
    code = status.phrase.lower().replace(" ", "-")
    headers = dict(err.headers) if err.headers else None
    return problem(status, code, f"{status.description or status.phrase}.", headers=headers)
