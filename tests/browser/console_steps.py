"""What every test of the console does: log in, wait for the map, ask what it has drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from chart_city import ChartCity, gather_a_crowd
from playwright.async_api import Locator, Page, expect

from base.database import Database
from dispatch.record import Recorder

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"

USERNAME, PASSWORD, DISPLAY_NAME = "wang.jing", "a lighthouse at night", "王静"

DRAWING_MS = 60_000
"""A map drawn without a graphics card, on a machine that others use too."""


@dataclass(frozen=True)
class Service:
    """The running service.

    Attributes:
        address: Of the console.
        city: What is in its database.
        database: That database.
        recorder: Records into it as a worker would.
    """

    address: str
    city: ChartCity
    database: Database
    recorder: Recorder

    async def gather_a_crowd(self) -> None:
        """Let an incident happen now."""
        await gather_a_crowd(self.recorder, self.city)

    async def change_state(self, camera_id: int, state: int) -> None:
        """Let a camera be found in another state."""
        async with self.database.raw() as connection:
            await connection.execute(
                """insert into camera_state (camera_id, state) values ($1, $2)
                       on conflict (camera_id) do update set state = excluded.state""",
                *(camera_id, state),
            )


@dataclass
class Complaints:
    """What a page should never have.

    Attributes:
        told: Errors and warnings in the browser's console, and exceptions.
        strayed: Requests to anywhere but the service.
    """

    told: list[str] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)

    def forget_refusals(self) -> None:
        """Where a test is about a refusal: the browser itself reports every answer of 401."""
        self.told = [told for told in self.told if "401" not in told]


@dataclass(frozen=True)
class Drawn:
    """What the map counted in its own picture."""

    cameras: int
    events: int


async def prefer(page: Page, *, language: str, theme: str = "light") -> None:
    """What an earlier visit left in the browser."""
    kept = {"dengta.language": language, "dengta.theme": theme}
    await page.add_init_script(
        ";".join(f"localStorage.setItem('{name}', '{value}')" for name, value in kept.items())
    )


async def log_in(page: Page, service: Service, *, link: str = "") -> None:
    """Through the form, as a person does."""
    await page.goto(f"{service.address}/{link}")
    await page.locator("#username").fill(USERNAME)
    await page.locator("#password").fill(PASSWORD)
    await page.locator("button[type=submit]").click()


def map_of(page: Page) -> Locator:
    """The map, which carries what it has drawn as data attributes."""
    return page.locator("main.map")


async def drawn(page: Page) -> Drawn:
    """Wait until nothing is left to be fetched or drawn, and tell what is there."""
    chart = map_of(page)
    await expect(chart).to_have_attribute("data-map-idle", "true", timeout=DRAWING_MS)
    cameras = await chart.get_attribute("data-drawn-cameras")
    events = await chart.get_attribute("data-drawn-events")
    return Drawn(int(cameras or 0), int(events or 0))


async def keep_picture(page: Page, name: str) -> None:
    """Save what the page shows, for a person to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / f"{name}.png")
