"""Governance over HTTP: numbers open what they count, within each scope, and decisions are on record."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import httpx
import openpyxl
import pytest
from api_world import Session, World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from base.clock import ManualClock
from camera_registry.governance.assess import assess
from camera_registry.importing.fields import CAMERA_FIELDS
from camera_registry.importing.headers import REASONS
from models.scope import Role

ROOT = "/api/v1/governance"
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def judged(world: World) -> World:
    """The small world, with some mistakes, states and a clash, assessed."""
    async with world.database.raw() as connection:
        await connection.execute(
            """update camera set owner = '公安局', address = '西区西一街道红旗路1号', civil_code = '370602'
                where code in ('cam-west-1', 'cam-west-2');
               update camera set manufacturer = '海康威视' where code = 'cam-east-1';
               update camera set stream_url = 'rtsp://10.0.0.9/same'
                where code in ('cam-west-1', 'cam-west-2');
               update camera_state set looked_at = now()"""
        )
        await connection.execute("update camera_state set looked_at = $1", world.clock.now())
    await assess(world.database, world.clock, "Asia/Shanghai")
    return world


async def get(client: httpx.AsyncClient, address: str) -> Any:
    answer = await client.get(address)
    assert answer.status_code == 200, (address, answer.text)
    return answer.json()


async def counted(client: httpx.AsyncClient, opens: str) -> int:
    """How many items the list has that a number opens, page by page."""
    total, cursor = 0, ""
    while True:
        page = await get(client, f"{opens}{'&' if '?' in opens else '?'}limit=3{cursor}")
        total += len(page["items"])
        if page["next"] is None:
            return total
        cursor = f"&cursor={page['next']}"


def numbers(answer: Any) -> list[dict[str, Any]]:
    """Every number of an answer that says what it opens."""
    if isinstance(answer, list):
        return [found for each in answer for found in numbers(each)]
    if not isinstance(answer, dict):
        return []
    here = [answer] if answer.keys() == {"n", "opens"} else []
    return here + [found for each in answer.values() for found in numbers(each)]


@pytest.mark.parametrize(
    "address",
    [
        "/summary", "/summary?unit=west&q=cam-west-1", "/indicators?by=unit", "/indicators?by=unit&unit=west",
        "/indicators?by=unit&unit=west&unit=east-1", "/indicators?by=scene&rank_by=score",
        "/indicators?by=owner", "/indicators?by=source", "/indicators?by=vendor", "/rules",
    ],
)  # fmt: skip
async def test_every_number_opens_what_it_counts(judged: World, login: Session, address: str) -> None:
    client = await login(Role.GIS, sensitivity=2)
    told = numbers(await get(client, ROOT + address))
    assert len(told) > 10
    kept: dict[str, int] = {}
    for number in told:
        if number["opens"] not in kept:
            kept[number["opens"]] = await counted(client, number["opens"])
        assert kept[number["opens"]] == number["n"], number
    assert any(number["n"] for number in told)


async def test_what_was_not_checked_is_told_apart(judged: World, login: Session) -> None:
    client = await login(Role.GIS, sensitivity=3)
    told = {each["code"]: each for each in (await get(client, f"{ROOT}/summary"))["indicators"]}
    assert (told["clock"]["rate"], told["clock"]["meets"]) == (None, None)
    assert (told["clock"]["passed"]["n"], told["clock"]["not_checked"]["n"]) == (0, 6)
    assert (told["online"]["rate"], told["online"]["checked_share"]) == (1, pytest.approx(1 / 6, abs=1e-5))
    assert told["record"]["not_checked"]["n"] == 0


async def test_a_scope_holds_every_number_list_and_file(judged: World, login: Session) -> None:
    west = await login(Role.GIS, unit="west")
    summary = await get(west, f"{ROOT}/summary")
    assert summary["cameras"]["n"] == 2, "neither the east nor what is above the asker's sensitivity"
    faults = (await get(west, f"{ROOT}/faults?limit=200"))["items"]
    cameras = {fault["camera"]["id"] for fault in faults}
    hidden = {judged.city.cameras[code] for code in ("west-2", "east-1", "east-2")}
    assert cameras
    assert not cameras & hidden
    assert not (await get(west, f"{ROOT}/faults?unit=east"))["items"]
    assert not (await get(west, f"{ROOT}/cameras?unit=east"))["items"]
    table = await get(west, f"{ROOT}/indicators")
    assert [row["key"] for row in table["rows"]] == ["west-1", "west-2"]
    trend = await get(west, f"{ROOT}/trends?measure=cameras&until=2026-01-31&since=2026-01-01")
    assert [point["value"] for point in trend["points"]] == [2]
    for camera in hidden:
        assert (await west.get(f"/api/v1/cameras/{camera}/governance")).status_code == 404
    # The camera that it clashes with is above the asker's sensitivity: that there is one is all that is told.
    (clash,) = [fault for fault in faults if fault["rule"]["code"] == "stream-repeated"]
    assert clash["other"] is None
    assert "西二" not in clash["reason"]
    listed = await west.get(f"{ROOT}/worklist.csv")
    assert "cam-west-1" in listed.text
    assert "cam-east" not in listed.text
    assert "cam-west-2" not in listed.text
    assert (await west.get(f"{ROOT}/indicators?unit=nowhere")).status_code == 404


async def test_addresses_on_the_network_are_in_no_answer(judged: World, login: Session) -> None:
    reader = await login(Role.OPERATOR, sensitivity=3)
    for address in ("/faults?limit=200", "/worklist.csv", "/summary"):
        assert "10.0.0.9" not in (await reader.get(ROOT + address)).text
    one = await reader.get(f"/api/v1/cameras/{judged.city.cameras['west-1']}/governance")
    assert "10.0.0.9" not in one.text
    editor = await login(Role.GIS, sensitivity=3)
    assert "10.0.0.9" in (await editor.get(f"{ROOT}/worklist.csv")).text, "who mends it must see it"


async def test_a_fault_says_what_since_when_how_and_whose(judged: World, login: Session) -> None:
    client = await login(Role.GIS, sensitivity=3)
    (fault,) = (await get(client, f"{ROOT}/faults?rule=owner-missing&q=cam-east-1"))["items"]
    assert fault["camera"]["id"] == judged.city.cameras["east-1"]
    assert fault["unit"]["code"] == "east-1"
    assert fault["responsible"] == "东一街道"
    assert fault["field"] == "owner"
    assert fault["reason"] == "所属部门为空"
    assert "所属部门" in fault["remedy"]
    assert fault["since"] == "2026-01-17T09:00:00Z"
    clash = (await get(client, f"{ROOT}/faults?rule=stream-repeated"))["items"]
    assert {fault["other"]["id"] for fault in clash} == {judged.city.cameras[c] for c in ("west-1", "west-2")}
    assert (await client.get(f"{ROOT}/faults?rule=no-such-rule")).status_code == 422
    few = (await get(client, f"{ROOT}/faults?severity=1&duty=platform"))["items"]
    assert {(f["rule"]["severity"], f["duty"]) for f in few} == {(1, "platform")}


async def test_an_edit_is_judged_at_once(judged: World, login: Session) -> None:
    client = await login(Role.GIS, sensitivity=3)
    camera = judged.city.cameras["east-1"]
    before = await get(client, f"/api/v1/cameras/{camera}/governance")
    assert {a["rule"]["code"] for a in before["answers"] if a["result"] == "open"} >= {"owner-missing"}
    change = {"owner": "城管局", "address": "东区东一街道海滨路3号"}
    answer = await client.patch(f"/api/v1/cameras/{camera}", json=change, headers={"If-Match": "*"})
    assert answer.status_code == 200
    after = await get(client, f"/api/v1/cameras/{camera}/governance")
    assert after["score"] > before["score"]
    answers = {a["rule"]["code"]: a["result"] for a in after["answers"]}
    assert answers["owner-missing"] == answers["address-missing"] == "passed"
    mended = (await get(client, f"{ROOT}/faults?fate=mended"))["items"]
    assert {fault["rule"]["code"] for fault in mended} == {"owner-missing", "address-missing"}
    (listed,) = (await get(client, f"{ROOT}/cameras?q=cam-east-1"))["items"]
    assert listed["score"] == after["score"]


async def test_an_excuse_is_for_a_while_on_record_and_can_be_withdrawn(judged: World, login: Session) -> None:
    client = await login(Role.GIS, name="li.gis", sensitivity=3)
    camera = judged.city.cameras["east-1"]
    address = f"/api/v1/cameras/{camera}/faults/owner-missing/excuse"
    before = await get(client, f"/api/v1/cameras/{camera}/governance")
    why = {"reason": "产权移交中", "until": "2026-03-01"}
    headers = {"Idempotency-Key": "e-1"}
    first = await client.put(address, json=why, headers=headers)
    again = await client.put(address, json=why, headers=headers)
    assert (first.status_code, again.content) == (200, first.content)
    assert first.json()["score"] == before["score"] + 6
    (fault,) = (await get(client, f"{ROOT}/faults?fate=excused"))["items"]
    assert fault["excuse"] == {"reason": "产权移交中", "until": "2026-03-01T16:00:00Z", "by": "li.gis"}
    deeds = [deed for deed in await judged.audit() if deed["action"].startswith("fault.")]
    assert [deed["detail"]["rule"] for deed in deeds] == ["owner-missing"]

    judged.clock.advance(timedelta(days=30).total_seconds())
    fresh = await login(Role.GIS, sensitivity=3)
    await assess(judged.database, judged.clock, "Asia/Shanghai")
    assert len((await get(fresh, f"{ROOT}/faults?fate=excused"))["items"]) == 1
    judged.clock.advance(timedelta(days=30).total_seconds())
    fresh = await login(Role.GIS, sensitivity=3)
    await assess(judged.database, judged.clock, "Asia/Shanghai")
    assert not (await get(fresh, f"{ROOT}/faults?fate=excused"))["items"], "its day has come"

    why["until"] = "2026-05-01"
    assert (await fresh.put(address, json=why)).status_code == 200
    withdrawn = await fresh.delete(address)
    assert withdrawn.json()["score"] == before["score"]
    assert (await fresh.delete(address)).status_code == 409
    for until in ("2020-01-01", "2099-01-01"):
        assert (await fresh.put(address, json={**why, "until": until})).status_code == 422
    assert (await fresh.put(address.replace("owner", "no"), json=why)).status_code == 404
    other = f"/api/v1/cameras/{judged.city.cameras['west-1']}/faults/owner-missing/excuse"
    assert (await fresh.put(other, json=why)).status_code == 404, "it has no such fault"
    assert (await (await login(Role.OPERATOR)).put(address, json=why)).status_code == 403
    assert (await (await login(Role.GIS, unit="west")).put(address, json=why)).status_code == 404


async def test_rules_are_edited_by_version_within_bounds_and_on_record(judged: World, login: Session) -> None:
    client = await login(Role.GIS, name="li.gis", sensitivity=3)
    address = f"{ROOT}/rules/source-stale"
    read = await client.get(address)
    assert read.headers["etag"] == '"1"'
    assert read.json()["threshold"] == {"value": 90, "least": 1, "most": 3650, "unit": "days"}
    change = {"weight": 6, "threshold": 60, "remedy": "请来源单位补报", "enabled": False}
    assert (await client.patch(address, json=change)).status_code == 428
    edited = await client.patch(address, json=change, headers={"If-Match": '"1"'})
    assert edited.status_code == 200, edited.text
    record = edited.json()
    assert (record["weight"], record["threshold"]["value"], record["enabled"]) == (6, 60, False)
    assert (record["version"], edited.headers["etag"]) == (2, '"2"')
    late = await client.patch(address, json={"weight": 7}, headers={"If-Match": '"1"'})
    assert late.status_code == 412
    assert late.json()["edited_by"] == "li.gis"
    (deed,) = [deed for deed in await judged.audit() if deed["action"] == "governance.rule.edit"]
    assert deed["detail"]["before"]["weight"] == 4
    assert deed["detail"]["after"]["threshold"] == 60
    for nonsense in ({"weight": 101}, {"threshold": 0}, {"severity": 5}, {"weight": None}, {}, {"id": 3},
                     {"duty": "nobody"}):  # fmt: skip
        answer = await client.patch(address, json=nonsense, headers={"If-Match": "*"})
        assert answer.status_code == 422, nonsense
    plain = await client.patch(
        f"{ROOT}/rules/owner-missing", json={"threshold": 3}, headers={"If-Match": "*"}
    )
    assert plain.status_code == 422
    missing = await client.patch(f"{ROOT}/rules/no-rule", json={"weight": 1}, headers={"If-Match": "*"})
    assert missing.status_code == 404
    part = await login(Role.GIS, unit="west")
    refused = await part.patch(address, json={"weight": 1}, headers={"If-Match": "*"})
    assert refused.status_code == 403
    assert (
        await (await login(Role.LEAD)).patch(address, json={"weight": 1}, headers={"If-Match": "*"})
    ).status_code == 403


async def test_indicators_and_settings_are_edited_too(judged: World, login: Session) -> None:
    client = await login(Role.GIS, sensitivity=3)
    match = {"If-Match": '"1"'}
    edited = await client.patch(f"{ROOT}/thresholds/online", json={"threshold": 0.9}, headers=match)
    assert (edited.status_code, edited.json()["threshold"]) == (200, 0.9)
    assert (await get(client, f"{ROOT}/summary"))["indicators"][0]["threshold"] == 0.9
    small = await client.patch(f"{ROOT}/settings/ranked-from", json={"value": 2}, headers=match)
    assert small.status_code == 200, small.text
    rows = {row["key"]: row for row in (await get(client, f"{ROOT}/indicators"))["rows"]}
    assert (rows["west"]["small"], rows["west"]["rank"] is None) == (False, False)
    out = await client.patch(f"{ROOT}/settings/ranked-from", json={"value": 0}, headers={"If-Match": "*"})
    assert out.status_code == 422
    assert {s["code"] for s in await get(client, f"{ROOT}/settings")} >= {"ranked-from", "assess-hour"}


async def test_an_assessment_is_asked_for_once_and_followed_as_a_job(judged: World, login: Session) -> None:
    client = await login(Role.GIS)
    first = await client.post(f"{ROOT}/assess")
    assert (first.status_code, first.json()["kind"]) == (202, "assess")
    again = await client.post(f"{ROOT}/assess")
    assert again.headers["location"] == first.headers["location"] == f"/api/v1/jobs/{first.json()['id']}"
    assert (await get(client, first.headers["location"]))["state"] == "queued"
    assert (await (await login(Role.OPERATOR)).post(f"{ROOT}/assess")).status_code == 403


async def test_a_work_list_has_the_headers_that_an_import_knows(judged: World, login: Session) -> None:
    client = await login(Role.GIS, sensitivity=3)
    answer = await client.get(f"{ROOT}/worklist.csv?rule=address-missing&rule=owner-missing")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    titles = {field.title for field in CAMERA_FIELDS}
    assert {"设备编码", "设备名称", "安装地址", "所属部门"} <= set(rows[0])
    known = [title for title in rows[0] if title in titles]
    assert rows[0][len(known) + 1 :][0] == REASONS or REASONS in rows[0]
    assert rows[0][-4:] == [REASONS, "整改办法", "整改责任方", "发现日期"]
    assert {row[0] for row in rows[1:]} == {"cam-east-1", "cam-east-2", "cam-sea", "cam-lost"}
    assert rows[1][-1] == "2026-01-17"
    assert answer.headers["dengta-rows"] == str(len(rows) - 1)
    book = openpyxl.load_workbook(io.BytesIO((await client.get(f"{ROOT}/worklist.xlsx?unit=east")).content))
    assert book.worksheets[0]["A1"].value == "设备编码"
    assert (await client.get(f"{ROOT}/worklist.geojson")).status_code == 422
    assert [d["action"] for d in await judged.audit() if d["action"].endswith("worklist")] == [
        "governance.worklist"
    ] * 2


@pytest.mark.parametrize(
    ("language", "sheets"),
    [
        ("zh", ["概览", "辖区", "趋势", "规则", "场景", "部门", "整改清单", "口径"]),
        ("en", ["Overview", "Units", "Trends", "Rules", "Scenes", "Owners", "Work list", "Definitions"]),
    ],
)
async def test_the_report_opens_with_its_sheets_charts_and_figures(
    judged: World, login: Session, language: str, sheets: list[str]
) -> None:
    client = await login(Role.LEAD, sensitivity=3)
    answer = await client.get(f"{ROOT}/report.xlsx?language={language}")
    assert answer.status_code == 200, answer.text
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == sheets
    overview, units, trends = (book[name] for name in sheets[:3])
    assert overview["B2"].value == "烟台市"
    assert overview["A7"].value == 6
    assert all(book[name]._charts for name in (sheets[0], sheets[2], sheets[3]))
    assert [units.cell(row, 1).value for row in (2, 3)] in (["西区", "东区"], ["东区", "西区"])
    assert trends["A2"].value == "2026-01-17"
    assert trends["F2"].value is None, "the clock was not checked: a gap, not nought"
    summary = await get(client, f"{ROOT}/summary")
    listed = book[sheets[3]]
    assert sum(listed.cell(row, 5).value or 0 for row in range(2, listed.max_row + 1)) == sum(
        rule["open"]["n"] for rule in summary["rules"]
    )
    west = await login(Role.LEAD, unit="west")
    text = (await west.get(f"{ROOT}/report.xlsx")).content
    cells = [c.value for sheet in openpyxl.load_workbook(io.BytesIO(text)) for row in sheet for c in row]
    assert not any("cam-east" in str(value) or "cam-west-2" in str(value) for value in cells)


anything = st.text(max_size=20) | st.integers().map(str)


NAMES = (
    *("by", "rank_by", "measure", "unit", "owner", "scene", "vendor", "since", "until", "rule", "severity"),
    *("fate", "fault", "indicator", "outcome", "least", "below", "cursor", "limit", "q"),
)
PLACES = ("summary", "indicators", "faults", "cameras", "trends", "rules", "worklist.csv")
BY = ("unit", "scene", "owner", "source", "vendor", "x")


@FUZZ
@given(
    address=st.sampled_from(PLACES),
    params=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(NAMES, anything)
        | {"since": anything | st.dates().map(str), "until": anything | st.dates().map(str)}
        | {"by": st.sampled_from(BY)},
    ),
)
async def test_no_question_breaks_the_server(
    gis_staff: httpx.AsyncClient, address: str, params: dict[str, str]
) -> None:
    sent = {k: v.encode("utf-8", "replace").decode() for k, v in params.items()}
    answer = await gis_staff.get(f"{ROOT}/{address}", params=sent)
    assert answer.status_code in (200, 404, 422), answer.text


async def test_before_the_first_assessment_nothing_is_claimed(world: World, login: Session) -> None:
    assert isinstance(world.clock, ManualClock)
    client = await login(Role.GIS, sensitivity=3)
    summary = await get(client, f"{ROOT}/summary")
    assert (summary["assessed_at"], summary["mean_score"], summary["assessed"]) == (None, None, 0)
    record = next(each for each in summary["indicators"] if each["code"] == "record")
    assert (record["rate"], record["not_checked"]["n"]) == (None, 6)
    assert (await client.get(f"{ROOT}/report.xlsx")).status_code == 200
    answers = await get(client, f"/api/v1/cameras/{world.city.cameras['west-1']}/governance")
    fault = next(a for a in answers["answers"] if a["result"] == "open")
    assert fault["since"] is None
