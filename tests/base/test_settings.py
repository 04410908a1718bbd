"""Every setting is documented, read from its variable, and refused by name when it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from base.errors import InvalidInputError
from base.settings import Settings, get_settings
from base.settings_page import settings_page

PAGE = Path(__file__).parent.parent.parent / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()


def test_the_page_of_settings_is_true() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_says_what_it_decides(name: str) -> None:
    description = Settings.model_fields[name].description or ""
    assert len(description) > 20
    assert description.endswith(".")


def test_a_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENGTA_API_PORT", "9000")
    monkeypatch.setenv("DENGTA_LOOK_NETWORKS", '["127.0.0.0/8"]')
    settings = get_settings()
    assert (settings.api_port, settings.look_networks) == (9000, ("127.0.0.0/8",))
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_PORT", "seventy"),
        ("API_PORT", "0"),
        ("LOG_LEVEL", "loud"),
        ("SITE", "Yan Tai"),
        ("WORKERS", "0"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name_and_never_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"DENGTA_{name}", value)
    with pytest.raises(InvalidInputError, match=f"DENGTA_{name}") as caught:
        get_settings()
    assert value not in str(caught.value).replace("SETTINGS", "") or value == "0"


def test_no_secret_shows_in_the_settings_themselves() -> None:
    settings = Settings(database_url="postgresql://dengta:hunter2@db/dengta", nats_url="nats://d:hunter2@q")
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()
