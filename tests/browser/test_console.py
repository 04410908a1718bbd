"""The console in a real browser: what a person at the map sees and does."""

from __future__ import annotations

import re

import pytest
from chart_city import CAMERAS, PERSONS
from console_steps import (
    DISPLAY_NAME,
    PASSWORD,
    USERNAME,
    Complaints,
    Drawn,
    Service,
    drawn,
    keep_picture,
    log_in,
    map_of,
    prefer,
)
from playwright.async_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_after_login_the_map_shows_every_camera_that_has_a_place_and_every_open_event(
    page: Page, service: Service, language: str, theme: str
) -> None:
    await service.gather_a_crowd()
    await prefer(page, language=language, theme=theme)
    await page.goto(service.address)
    await expect(page.locator("#username")).to_be_focused()
    await keep_picture(page, f"login-{language}-{theme}")

    await log_in(page, service)

    assert await drawn(page) == Drawn(cameras=CAMERAS, events=1)
    await expect(page.locator("header")).to_contain_text(DISPLAY_NAME)
    await keep_picture(page, f"map-{language}-{theme}")


async def test_a_wrong_password_is_refused_in_words(
    page: Page, service: Service, complaints: Complaints
) -> None:
    await page.goto(service.address)
    await page.locator("#username").fill(USERNAME)
    await page.locator("#password").fill("not " + PASSWORD)
    await page.locator("button[type=submit]").click()

    await expect(page.get_by_role("alert")).to_have_text("用户名或密码不对。")
    await expect(page.locator("#password")).to_be_focused()
    await keep_picture(page, "login-refused")
    complaints.forget_refusals()


async def test_who_is_logged_in_stays_so_and_leaves_when_they_wish(page: Page, service: Service) -> None:
    await log_in(page, service)
    await drawn(page)
    await page.reload()
    await drawn(page)
    await page.locator("[data-test=log-out]").click()
    await expect(page.locator("#username")).to_be_visible()
    await page.reload()
    await expect(page.locator("#username")).to_be_visible()


async def test_a_login_that_ends_meanwhile_brings_back_the_login_page_with_the_reason(
    page: Page, service: Service, complaints: Complaints
) -> None:
    await service.gather_a_crowd()
    await log_in(page, service)
    await drawn(page)

    async with service.database.raw() as connection:
        await connection.execute("delete from session")
    await page.keyboard.press("j")

    await expect(page.get_by_text("登录已到期，请重新登录。")).to_be_visible()
    await expect(page.locator("#username")).to_be_focused()
    complaints.forget_refusals()


async def test_an_event_appears_by_itself_in_the_list_and_on_the_map(page: Page, service: Service) -> None:
    await log_in(page, service)
    assert (await drawn(page)).events == 0
    await expect(page.locator("[data-test=no-events]")).to_contain_text("还没有事件")
    await expect(page.locator("[data-connection=live]")).to_be_visible()
    await keep_picture(page, "no-events")

    await service.gather_a_crowd()

    row = page.locator("[data-event]")
    await expect(row).to_contain_text("人群聚集")
    await expect(row).to_contain_text("莱山区")
    await expect(map_of(page)).to_have_attribute("data-drawn-events", "1", timeout=20_000)


async def test_an_event_opens_with_its_evidence_and_the_record_of_its_camera(
    page: Page, service: Service
) -> None:
    await service.gather_a_crowd()
    await log_in(page, service)
    await drawn(page)

    await page.locator("[data-event]").click()

    card = page.locator("[data-test=event-card]")
    picture = card.locator("img")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 640
    await expect(card.locator("rect")).to_have_count(len(PERSONS))
    await expect(card).to_contain_text(service.city.code)
    await expect(card).to_contain_text("±12 m")
    # The map has flown there: single cameras, and the event among them.
    assert float(await map_of(page).get_attribute("data-zoom") or 0) >= 15
    assert 0 < (await drawn(page)).cameras < CAMERAS
    await keep_picture(page, "event")


async def test_a_link_reopens_the_same_view_with_the_same_event(page: Page, service: Service) -> None:
    await service.gather_a_crowd()
    await log_in(page, service)
    await drawn(page)
    await page.keyboard.press("j")
    await expect(page).to_have_url(re.compile(r"#15\.50/37\.\d+/121\.\d+/event/\d+$"))
    link = page.url

    await page.goto("about:blank")
    await page.goto(link)

    await drawn(page)
    assert page.url == link
    await expect(page.locator("[data-test=event-card]")).to_be_visible()


async def test_the_keyboard_is_enough(page: Page, service: Service) -> None:
    await service.gather_a_crowd()
    await log_in(page, service)
    await drawn(page)
    card = page.locator("[data-test=event-card]")

    await page.keyboard.press("j")
    await expect(card).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(card).to_be_hidden()

    await page.keyboard.press("/")
    await page.keyboard.type("南北8路 00")
    await expect(page.get_by_role("option").first).to_contain_text("南北8路")
    await keep_picture(page, "search")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-test=camera-card]")).to_contain_text("南北8路 0001")

    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("快捷键")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_a_camera_that_is_clicked_shows_its_record(page: Page, service: Service) -> None:
    city = service.city
    await log_in(page, service, link=f"#17.00/{city.latitude}/{city.longitude}")
    await drawn(page)
    box = await map_of(page).bounding_box()
    assert box is not None

    await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    card = page.locator("[data-test=camera-card]")
    await expect(card).to_contain_text(city.code)
    await expect(card).to_contain_text("海清 HQ-4D32")
    await keep_picture(page, "camera")


async def test_a_camera_that_goes_offline_is_drawn_so_by_itself(page: Page, service: Service) -> None:
    city = service.city
    await log_in(page, service, link=f"#14.00/{city.latitude}/{city.longitude}")
    await drawn(page)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if ".mvt" in request.url else None)

    await service.change_state(city.camera_id, 3)

    async with page.expect_response(lambda answer: "/tiles/cameras/14/" in answer.url, timeout=20_000):
        pass
    await drawn(page)
    # The one tile that shows it, and neither the base map nor what is elsewhere.
    assert len(fetched) == 1, fetched


# English runs longer; Chinese at 1920 is what every other test looks at.
@pytest.mark.parametrize(("language", "width"), [("zh", 1280), ("en", 1280), ("en", 1920), ("en", 3840)])
async def test_nothing_is_cut_off_at_any_width(
    page: Page, service: Service, language: str, width: int
) -> None:
    await service.gather_a_crowd()
    await page.set_viewport_size({"width": width, "height": width * 9 // 16})
    await prefer(page, language=language)
    await log_in(page, service)
    await drawn(page)
    await page.locator("[data-event]").click()
    await expect(page.locator("[data-test=event-card] img")).to_be_visible()
    await drawn(page)

    for part in ("html", "header.top", "footer.strip", "[data-test=event-card] footer"):
        spill = await page.locator(part).first.evaluate("part => part.scrollWidth - part.clientWidth")
        assert spill <= 0, f"{part} is {spill} px too wide"
    await keep_picture(page, f"wide-{width}-{language}")
