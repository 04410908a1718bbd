"""OGC API Features, parts 1 and 3: the catalogue for QGIS, GDAL and their like. Read only."""

from collections.abc import Callable, Coroutine
from datetime import UTC
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPBasic

from api import cursor
from api.context import COOKIE, Context, Ctx, client_of
from api.errors import problem_of
from api.ogc import documents
from api.ogc.collections import COLLECTIONS, Collection
from api.ogc.documents import GEOJSON, OPENAPI, SCHEMA, Links
from api.ogc.features import extent_of, read_feature, read_features
from api.ogc.parameters import feature_query, require_known
from api.sessions import Asker
from base.errors import InvalidInputError, NotFoundError, UnauthenticatedError
from models.scope import Permission, Scope

ROOT = "/api/v1/ogc"
EXTENT_KEPT_S = 60.0
CONTENT_CRS = "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"
CHALLENGE = 'Basic realm="Dengta", charset="UTF-8"'
BAD_REQUEST = 400


class MapClientRoute(APIRoute):
    """Answers as OGC API demands: a bad parameter is a 400, and a client may log in by Basic."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with these answers around it."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except InvalidInputError as err:
                return problem_of(err, status=BAD_REQUEST)
            except RequestValidationError as err:
                names = ", ".join(str(fault["loc"][-1]) for fault in err.errors())
                return problem_of(InvalidInputError(f"{names}: it cannot be used."), status=BAD_REQUEST)
            except UnauthenticatedError as err:
                answer = problem_of(err)
                answer.headers["WWW-Authenticate"] = CHALLENGE
                return answer

        return handled


router = APIRouter(prefix="/ogc", tags=["OGC API"], route_class=MapClientRoute)

_basic = HTTPBasic(auto_error=False, description="For map clients: user name and password.")


async def _scope(request: Request, context: Ctx, _documented: Annotated[object, Security(_basic)]) -> Scope:
    asker = await _asker(request, context)
    asker.scope.require(Permission.READ_CAMERAS)
    return asker.scope


async def _asker(request: Request, context: Context) -> Asker:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    client = client_of(request)
    if scheme.lower() == "basic":
        return await context.basic_logins.resolve(credentials.strip(), client=client)
    token = credentials.strip() if scheme.lower() == "bearer" else request.cookies.get(COOKIE)
    return await context.sessions.resolve(token, client=client)


MapReader = Annotated[Scope, Depends(_scope)]
CollectionId = Annotated[str, Path(description="a collection's id", examples=["cameras"], max_length=40)]
FeatureId = Annotated[int, Path(ge=1, le=cursor.MAX_ID, description="a feature's id", examples=[17])]


def _links(request: Request, context: Ctx) -> Links:
    scheme = "https" if context.settings.cookie_secure else request.url.scheme
    return Links(f"{scheme}://{request.url.netloc}{ROOT}")


LinkMaker = Annotated[Links, Depends(_links)]


def _json(document: Any, media_type: str = documents.JSON) -> Response:
    return Response(orjson.dumps(document), media_type=media_type)


def _collection(name: str) -> Collection:
    try:
        return COLLECTIONS[name]
    except KeyError:
        raise NotFoundError(
            "There is no such collection.", remedy=f"There are {', '.join(COLLECTIONS)}."
        ) from None


@router.get("", summary="Landing page for map clients", response_class=Response)
async def landing(request: Request, links: LinkMaker, _scope: MapReader) -> Response:
    """Where QGIS and GDAL begin: give them this address."""
    require_known(request.query_params)
    return _json(documents.landing(links))


@router.get("/conformance", summary="What the server conforms to", response_class=Response)
async def conformance(request: Request, _scope: MapReader) -> Response:
    """The classes of the standards that are kept."""
    require_known(request.query_params)
    return _json({"conformsTo": documents.CONFORMANCE})


@router.get("/api", summary="These routes as OpenAPI 3.0", response_class=Response)
async def api(links: LinkMaker, _scope: MapReader) -> Response:
    """The version of OpenAPI that map clients read."""
    return _json(documents.api_document(links), OPENAPI)


@router.get("/collections", summary="The published collections", response_class=Response)
async def collections(request: Request, context: Ctx, links: LinkMaker, scope: MapReader) -> Response:
    """Cameras, points, units and roads: what is published is an explicit list."""
    require_known(request.query_params)
    described = [
        documents.collection_document(each, await _extent(context, scope, each), links)
        for each in COLLECTIONS.values()
    ]
    return _json({"collections": described, "links": [links.to("/collections", "self")]})


@router.get("/collections/{collection_id}", summary="One collection", response_class=Response)
async def collection(
    request: Request, context: Ctx, links: LinkMaker, scope: MapReader, collection_id: CollectionId
) -> Response:
    """What it is, where it lies, how to get it."""
    require_known(request.query_params)
    found = _collection(collection_id)
    return _json(documents.collection_document(found, await _extent(context, scope, found), links))


@router.get(
    "/collections/{collection_id}/queryables", summary="What can be filtered", response_class=Response
)
async def queryables(
    request: Request, links: LinkMaker, _scope: MapReader, collection_id: CollectionId
) -> Response:
    """The properties that a filter may name, as a JSON Schema."""
    require_known(request.query_params)
    return _json(documents.queryables_document(_collection(collection_id), links), SCHEMA)


@router.get(
    "/collections/{collection_id}/items",
    summary="Features",
    response_class=Response,
    # They are read together from the query string, to refuse what is unknown.
    openapi_extra={"parameters": list(documents.PARAMETERS.values())},
)
async def items(
    request: Request, context: Ctx, links: LinkMaker, scope: MapReader, collection_id: CollectionId
) -> Response:
    """Features within the asker's scope, by id. Each queryable is a parameter too: `owner=公安局`."""
    found = _collection(collection_id)
    query = feature_query(found, _single(request))
    async with context.database.begin() as connection:
        page = await read_features(connection, scope, found, query)
    path = f"/collections/{collection_id}"
    here = f"?{request.url.query}" if request.url.query else ""
    more = [links.to(f"{path}/items{here}", "self", GEOJSON), links.to(path, "collection")]
    if page.next_after is not None:
        more.append(links.to(_next(request, f"{path}/items", page.next_after), "next", GEOJSON))
    document: dict[str, Any] = {
        "type": "FeatureCollection",
        "timeStamp": context.clock.now().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberReturned": len(page.features),
        "links": more,
        "features": [orjson.Fragment(feature) for feature in page.features],
    }
    if page.matched is not None:
        document["numberMatched"] = page.matched
    answer = _json(document, GEOJSON)
    answer.headers["Content-Crs"] = CONTENT_CRS
    return answer


@router.get("/collections/{collection_id}/items/{feature_id}", summary="One feature", response_class=Response)
async def item(  # noqa: PLR0913, PLR0917 - one is the address, the others who asks and where
    request: Request,
    context: Ctx,
    links: LinkMaker,
    scope: MapReader,
    collection_id: CollectionId,
    feature_id: FeatureId,
) -> Response:
    """One feature within the asker's scope."""
    require_known(request.query_params)
    found = _collection(collection_id)
    async with context.database.begin() as connection:
        feature = await read_feature(connection, scope, found, feature_id)
    path = f"/collections/{collection_id}"
    feature["links"] = [
        links.to(f"{path}/items/{feature_id}", "self", GEOJSON),
        links.to(path, "collection"),
    ]
    answer = _json(feature, GEOJSON)
    answer.headers["Content-Crs"] = CONTENT_CRS
    return answer


def _single(request: Request) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise InvalidInputError(f"{name}: it is given twice.")
        if "\0" in value:
            raise InvalidInputError(f"{name[:60]}: it has a NUL character.")
        given[name] = value
    return given


def _next(request: Request, path: str, after: int) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{path}?{urlencode([*kept, ('cursor', cursor.encode(after))])}"


async def _extent(context: Context, scope: Scope, found: Collection) -> list[float] | None:
    """Counting the corners of 230,000 places takes a while, and they hardly move."""

    async def measured() -> bytes:
        async with context.database.begin() as connection:
            return orjson.dumps(await extent_of(connection, scope, found))

    key = ("extent", found.id, scope.tree_left, scope.tree_right, scope.max_sensitivity)
    extent: list[float] | None = orjson.loads(await context.cache.get(key, measured, ttl_s=EXTENT_KEPT_S))
    return extent
