"""Logging in and out: what a guesser meets, what is written down, and what never appears anywhere."""

import io

import pytest
from api_world import START, Session, World

from api import accounts, passwords
from api.throttle import FIRST_WAIT_S, FREE_FAILURES, REMEMBERED, Throttle
from base.clock import ManualClock
from base.errors import ConflictError, InvalidInputError, NotFoundError
from base.log import configure_logging
from models.scope import Role

SECRET = "correct horse battery staple"


@pytest.fixture
async def account(world: World) -> int:
    new = accounts.NewAccount(
        "zhou.hang", passwords.Passwords().hash(SECRET), frozenset({Role.OPERATOR}), "west", 1, "周航"
    )
    async with world.database.begin() as connection:
        return await accounts.add_account(connection, new)


async def log_in(client, password=SECRET, username="zhou.hang", **more):
    return await client.post("/api/v1/session", json={"username": username, "password": password, **more})


async def test_a_browser_gets_a_cookie_that_no_script_and_no_other_site_can_use(
    world: World, account: int
) -> None:
    async with world.client() as client:
        answer = await log_in(client)
        assert answer.status_code == 201
        cookie = answer.headers["set-cookie"]
        assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"))
        token = client.cookies["dengta_session"]
        assert token not in answer.text, "a script must not find it in the body either"
        me = (await client.get("/api/v1/session")).json()
    assert me["username"] == "zhou.hang"
    assert me["display_name"] == "周航"
    assert me["unit"]["code"] == "west"
    assert me["permissions"] == ["read-cameras", "read-events", "view-pictures"]
    assert me["expires_at"] == "2026-01-17T21:00:00Z"


async def test_a_program_gets_the_token_when_it_asks(world: World, account: int) -> None:
    async with world.client() as client:
        token = (await log_in(client, bearer=True)).json()["token"]
    async with world.client() as other:
        headers = {"Authorization": f"Bearer {token}"}
        assert (await other.get("/api/v1/session", headers=headers)).status_code == 200
        assert (await other.get("/api/v1/session")).status_code == 401


async def test_wrong_name_and_wrong_password_are_answered_alike(world: World, account: int) -> None:
    async with world.client() as client:
        wrong = await log_in(client, "wrong password")
        unknown = await log_in(client, username="nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.headers["content-type"] == "application/problem+json"


async def test_logins_are_on_record_and_unknown_names_are_not(world: World, account: int) -> None:
    async with world.client() as client:
        await log_in(client, "wrong password")
        await log_in(client, username=SECRET)  # a password typed into the wrong field
        await log_in(client)
        await client.delete("/api/v1/session")
    deeds = [(d["action"], d["object"], d["account_id"], str(d["client"])) for d in await world.audit()]
    own = f"account/{account}"
    assert deeds[1:] == [
        ("session.refuse", own, None, "10.4.0.17"),
        ("session.refuse", None, None, "10.4.0.17"),
        ("session.open", own, account, "10.4.0.17"),
        ("session.close", own, account, "10.4.0.17"),
    ]
    assert SECRET not in str(await world.audit())


async def test_after_a_logout_the_token_is_worth_nothing(world: World, account: int) -> None:
    async with world.client() as client:
        headers = {"Authorization": f"Bearer {(await log_in(client, bearer=True)).json()['token']}"}
        assert (await client.delete("/api/v1/session", headers=headers)).status_code == 204
        client.cookies.clear()
        assert (await client.get("/api/v1/session", headers=headers)).status_code == 401


async def test_a_session_ends_by_itself(world: World, login: Session) -> None:
    client = await login(Role.OPERATOR)
    world.clock.advance(12 * 3600 - 1)
    assert (await client.get("/api/v1/session")).status_code == 200
    world.clock.advance(2)
    assert (await client.get("/api/v1/session")).status_code == 401


@pytest.mark.parametrize("change", ["disable", "password"])
async def test_disabling_an_account_or_changing_its_password_ends_its_sessions(
    world: World, account: int, change: str
) -> None:
    async with world.client() as client:
        await log_in(client)
        async with world.database.begin() as connection:
            if change == "disable":
                await accounts.disable_account(connection, "zhou.hang")
            else:
                await accounts.change_password(connection, "zhou.hang", passwords.Passwords().hash("y" * 12))
        assert (await client.get("/api/v1/session")).status_code == 401
        assert (await log_in(client)).status_code == 401


async def test_guessing_is_slowed_down_by_name_and_address(world: World, account: int) -> None:
    async with world.client() as client:
        for _ in range(FREE_FAILURES):
            assert (await log_in(client, "wrong password")).status_code == 401
        refused = await log_in(client)
        assert refused.status_code == 429, "even the right password must wait"
        assert refused.headers["retry-after"] == "30"
        assert (await log_in(client, username="nobody")).status_code == 401, "others are not held up"
        world.clock.advance(FIRST_WAIT_S)
        assert (await log_in(client)).status_code == 201


def test_each_further_failure_doubles_the_wait_up_to_a_limit() -> None:
    clock = ManualClock(START)
    throttle = Throttle(clock, free=1)
    waits = []
    for _ in range(8):
        assert throttle.attempt("a") == 0
        waits.append(throttle.attempt("a"))
        clock.advance(waits[-1])
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    clock.advance(3601)
    assert throttle.attempt("a") == 0
    assert throttle.attempt("a") == 30, "an hour of silence is forgiven"


def test_attempts_side_by_side_cannot_outrun_the_count() -> None:
    throttle = Throttle(ManualClock(START))
    assert sum(throttle.attempt("a") == 0 for _ in range(100)) == FREE_FAILURES


def test_the_throttle_remembers_a_bounded_number_of_askers() -> None:
    throttle = Throttle(ManualClock(START))
    for asker in range(REMEMBERED + 100):
        throttle.attempt(asker)
    assert len(throttle._records) == REMEMBERED


WRONG_BODIES: list[object] = [
    {"username": "zhou.hang", "password": SECRET, "extra": 1},
    {"username": SECRET + "\x00", "password": SECRET},
    {"username": "zhou.hang", "password": {"deep": SECRET}},
    {"username": "x" * 65, "password": SECRET},
    {"username": "zhou.hang", "password": SECRET * 40},
    [SECRET],
    SECRET,
]


async def test_a_refused_login_never_repeats_what_was_sent(world: World) -> None:
    async with world.client() as client:
        for body in WRONG_BODIES:
            answer = await client.post("/api/v1/session", json=body)
            assert answer.status_code == 422
            assert SECRET not in answer.text
            assert answer.json()["errors"]


async def test_no_password_and_no_token_reaches_the_log(world: World, account: int) -> None:
    written = io.StringIO()
    configure_logging("test", level="debug", stream=written)
    try:
        async with world.client() as client:
            await log_in(client, "not " + SECRET)
            await log_in(client)
            token = client.cookies["dengta_session"]
            await client.get("/api/v1/cameras", params={"q": "someone's search", "token": token})
            await world.fetchval("alter table incident rename to gone")
            broken = await client.get("/api/v1/events", headers={"Authorization": f"Bearer {token}"})
    finally:
        configure_logging("test", level="warning")
    assert broken.status_code == 500
    log = written.getvalue()
    assert broken.json()["instance"].removeprefix("urn:uuid:") in log
    assert "UndefinedTable" in log
    assert "gone" not in broken.text
    for secret in (SECRET, token, "someone's search"):
        assert secret not in log
        assert secret not in broken.text


async def test_an_account_is_checked_when_it_is_made(world: World, account: int) -> None:
    def new(**change):
        return accounts.NewAccount(
            **{
                "username": "x",
                "password_hash": "h",
                "roles": frozenset({Role.LEAD}),
                "unit_code": "west",
                **change,
            }
        )

    for wrong in ({"username": ""}, {"username": " x"}, {"username": "a\nb"}, {"roles": frozenset()}):
        with pytest.raises(InvalidInputError):
            new(**wrong)
    with pytest.raises(InvalidInputError):
        accounts.roles_of(["root"])
    with pytest.raises(InvalidInputError):
        passwords.Passwords().hash("short")
    async with world.database.begin() as connection:
        with pytest.raises(NotFoundError):
            await accounts.add_account(connection, new(unit_code="nowhere"))
        with pytest.raises(ConflictError):
            await accounts.add_account(connection, new(username="zhou.hang"))
