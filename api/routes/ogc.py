"""OGC API Features, parts 1 and 3: the catalogue for QGIS, GDAL and their like. Read only."""

from datetime import UTC
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Path, Request, Response

from api import cursor
from api.context import Ctx
from api.ogc import documents
from api.ogc.collections import COLLECTIONS
from api.ogc.documents import GEOJSON, OPENAPI, SCHEMA
from api.ogc.features import read_feature, read_features
from api.ogc.parameters import feature_query, require_known
from api.ogc.route import (
    CollectionId,
    LinkMaker,
    MapClientRoute,
    MapReader,
    collection_of,
    extent_within,
    json_answer,
)
from base.errors import InvalidInputError

CONTENT_CRS = "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"

router = APIRouter(prefix="/ogc", tags=["OGC API"], route_class=MapClientRoute)

FeatureId = Annotated[int, Path(ge=1, le=cursor.MAX_ID, description="a feature's id", examples=[17])]


@router.get("", summary="Landing page for map clients", response_class=Response)
async def landing(request: Request, links: LinkMaker, _scope: MapReader) -> Response:
    """Where QGIS and GDAL begin: give them this address."""
    require_known(request.query_params)
    return json_answer(documents.landing(links))


@router.get("/conformance", summary="What the server conforms to", response_class=Response)
async def conformance(request: Request, _scope: MapReader) -> Response:
    """The classes of the standards that are kept."""
    require_known(request.query_params)
    return json_answer({"conformsTo": documents.CONFORMANCE})


@router.get("/api", summary="These routes as OpenAPI 3.0", response_class=Response)
async def api(links: LinkMaker, _scope: MapReader) -> Response:
    """The version of OpenAPI that map clients read."""
    return json_answer(documents.api_document(links), OPENAPI)


@router.get("/collections", summary="The published collections", response_class=Response)
async def collections(request: Request, context: Ctx, links: LinkMaker, scope: MapReader) -> Response:
    """Cameras, points, units and roads: what is published is an explicit list."""
    require_known(request.query_params)
    described = [
        documents.collection_document(each, await extent_within(context, scope, each), links)
        for each in COLLECTIONS.values()
    ]
    return json_answer({"collections": described, "links": [links.to("/collections", "self")]})


@router.get("/collections/{collection_id}", summary="One collection", response_class=Response)
async def collection(
    request: Request, context: Ctx, links: LinkMaker, scope: MapReader, collection_id: CollectionId
) -> Response:
    """What it is, where it lies, how to get it."""
    require_known(request.query_params)
    found = collection_of(collection_id)
    return json_answer(
        documents.collection_document(found, await extent_within(context, scope, found), links)
    )


@router.get(
    "/collections/{collection_id}/queryables", summary="What can be filtered", response_class=Response
)
async def queryables(
    request: Request, links: LinkMaker, _scope: MapReader, collection_id: CollectionId
) -> Response:
    """The properties that a filter may name, as a JSON Schema."""
    require_known(request.query_params)
    return json_answer(documents.queryables_document(collection_of(collection_id), links), SCHEMA)


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
    found = collection_of(collection_id)
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
    answer = json_answer(document, GEOJSON)
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
    found = collection_of(collection_id)
    async with context.database.begin() as connection:
        feature = await read_feature(connection, scope, found, feature_id)
    path = f"/collections/{collection_id}"
    feature["links"] = [
        links.to(f"{path}/items/{feature_id}", "self", GEOJSON),
        links.to(path, "collection"),
    ]
    answer = json_answer(feature, GEOJSON)
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
