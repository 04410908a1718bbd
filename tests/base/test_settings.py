"""Every setting is documented, read from its variable, and refused by name when it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from base.database import Database
from base.errors import InvalidInputError
from base.server_url import check_database_url
from base.settings import Settings, default_data_dir, get_settings
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


def test_folders_are_absolute_so_that_processes_elsewhere_find_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("DENGTA_DATA_DIR=store/../data\nDENGTA_MODELS_FOLDER=~/models\n")
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("DENGTA_EVIDENCE_FOLDER", "pictures")
    settings = get_settings()
    get_settings.cache_clear()
    assert settings.data_dir == tmp_path / "data"
    assert settings.models_dir == Path("/home/somebody/models")
    assert settings.evidence_dir == tmp_path / "pictures"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENGTA_DATABASE_URL", "")
    monkeypatch.setenv("DENGTA_DATA_DIR", "")
    settings = get_settings()
    get_settings.cache_clear()
    assert settings.database_url is None
    assert settings.data_dir == default_data_dir()


@pytest.mark.parametrize("name", ["a,b", 'a"b', "a\\b", "a\nb", "~nobody-of-that-name/x"])
def test_a_data_folder_that_the_servers_cannot_be_told_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("DENGTA_DATA_DIR", name)
    with pytest.raises(InvalidInputError, match="DENGTA_DATA_DIR") as caught:
        get_settings()
    assert len(str(caught.value).splitlines()) == 1


def test_a_look_must_end_before_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENGTA_LOOK_DEADLINE_S", "30")
    with pytest.raises(InvalidInputError, match="DENGTA_LEASE_S must be more than DENGTA_LOOK_DEADLINE_S"):
        get_settings()


BAD_URLS = [
    *(
        ("DATABASE_URL", f"postgresql://u:hunter2@{rest}")
        for rest in ("h:port/d", "h:0/d", "h:99999/d", "/d")
    ),
    *(("DATABASE_URL", f"postgresql://u:hunter2@h/d?{q}") for q in ("sslmode=of", "ssl=1", "x", "port=x")),
    ("DATABASE_URL", "mysql://u:hunter2@h/d"),
    ("DATABASE_URL", "u:hunter2"),
    ("DATABASE_URL", "postgresql://u:a@hunter2@h/d"),
    ("DATABASE_URL", "postgresql://u:a/hunter2@h/d"),
    ("DATABASE_URL", "postgresql://u:a#hunter2@h/d"),
    ("DATABASE_URL", "postgresql://u:a?hunter2@h/d"),
    ("DATABASE_URL", "postgresql://u:a[hunter2@h/d"),
    ("DATABASE_URL", "postgresql://u:a hunter2@h/d"),
    ("NATS_URL", "nats://d:hunter2@"),
    ("NATS_URL", "nats://d:hunter2@q:42222222"),
    ("NATS_URL", "nats://d:hun/hunter2@q:4222"),
    ("NATS_URL", "http://d:hunter2@q:4222"),
    ("NATS_URL", "d:hunter2@q:4222"),
]


@pytest.mark.parametrize(("name", "url"), BAD_URLS)
def test_an_address_that_cannot_be_one_is_refused_in_one_line_without_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(f"DENGTA_{name}", url)
    with pytest.raises(InvalidInputError, match=f"DENGTA_{name}: ") as caught:
        get_settings()
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_not_even_the_validation_error_itself_shows_the_address() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(database_url="mysql://u:hunter2@h/d")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p%40ss@db.example:5433/d?sslmode=verify-full",
        "postgres://u@[::1]/d",
        "postgresql://dengta@/dengta?host=/var/run/a%2Bb%20c&port=5432",
        "postgresql://u:p@/d?host=a:5432&host=b:5432&target_session_attrs=read-write",
    ],
)
def test_the_forms_that_postgresql_documents_are_taken(url: str) -> None:
    check_database_url(url)


@given(st.text() | st.text().map("postgresql://{}".format) | st.text().map("postgresql://u:p@h/d?{}".format))
def test_whatever_is_taken_as_an_address_can_be_connected_with(text: str) -> None:
    try:
        check_database_url(text)
    except ValueError:
        return
    Database(text)
