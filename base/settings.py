"""Every setting of the product, in one place; each is an environment variable ``DENGTA_<NAME>``."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from base.errors import InvalidInputError
from base.server_url import check_database_url, check_nats_url


def default_data_dir() -> Path:
    """Where data goes unless told otherwise.

    For root it is outside root's home, because the database runs as an unprivileged user that must be able
    to reach it.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/dengta")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "dengta"


class Settings(BaseSettings):
    """What an operator may decide. Values come from the environment, then from the file ``.env``."""

    model_config = SettingsConfigDict(
        env_prefix="DENGTA_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # what is refused may be a password with a typing error in it
    )

    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Folder of everything Dengta writes: database, queue, models, evidence, keys, logs. "
        "A relative one counts from the working folder.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL with PostGIS, as `postgresql://user:password@host/name?sslmode=require`. "
        "Unset: a private one is started under the data folder.",
    )
    nats_url: SecretStr | None = Field(
        default=None,
        description="NATS with JetStream, as `nats://user:password@host:4222`. "
        "Unset: a private one is started under the data folder.",
    )
    site: str = Field(
        default="yantai",
        pattern=r"^[a-z0-9-]{1,32}$",
        description="Name of this installation; part of every event's source.",
    )
    api_host: str = Field(default="127.0.0.1", description="Address on which the API and the console listen.")
    api_port: int = Field(default=8420, ge=1, le=65535, description="Port of the API and the console.")
    public_hosts: tuple[str, ...] = Field(
        default=(),
        description="Names under which a proxy in front of a loopback address is known. JSON list.",
    )
    cookie_secure: bool = Field(
        default=False,
        description="Send the session cookie over HTTPS only. Turn it on wherever a proxy terminates TLS.",
    )
    session_hours: float = Field(default=12, gt=0, le=24 * 30, description="Hours until a login ends.")
    workers: int = Field(default=1, ge=1, le=64, description="Looking processes on this machine.")
    look_deadline_s: float = Field(
        default=10, gt=0, le=120, description="Seconds that one look may take in all."
    )
    look_width: int = Field(
        default=640,
        ge=160,
        le=3840,
        description="Width in pixels to which a picture is scaled before recognition.",
    )
    looks_in_flight: int = Field(
        default=32, ge=1, le=1000, description="Looks under way at once in one worker."
    )
    look_networks: tuple[str, ...] = Field(
        default=("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
        description="Networks (CIDR) in which cameras may be; no look leaves them. JSON list.",
    )
    lease_s: float = Field(
        default=30,
        gt=0,
        le=600,
        description="Seconds after which a look that a worker took is due again; more than the deadline.",
    )
    recognition_batch: int = Field(
        default=4, ge=1, le=64, description="Pictures recognised together at most."
    )
    detector: str = Field(
        default="",
        description="Shelf name of the object detector, or one of ultralytics where that extra is installed "
        "(e.g. `ultralytics:yolo11n`). Empty: the best one the machine can get.",
    )
    models_folder: Path | None = Field(
        default=None, description="Folder searched for model files first. Unset: `models` in the data folder."
    )
    evidence_folder: Path | None = Field(
        default=None, description="Folder of evidence pictures. Unset: `evidence` in the data folder."
    )
    clerks: int = Field(
        default=1,
        ge=0,
        le=16,
        description="Processes on this machine that do jobs (imports, assessments …), each one at a time. "
        "They and the API share the jobs folder.",
    )
    jobs_folder: Path | None = Field(
        default=None, description="Folder of what jobs read and write. Unset: `jobs` in the data folder."
    )
    upload_mib: int = Field(
        default=256, ge=1, le=4096, description="Largest file, MiB, that may be uploaded."
    )
    job_memory_mib: int = Field(
        default=4096, ge=256, description="Memory, MiB, that one job may use; it fails when it needs more."
    )
    job_minutes: float = Field(default=60, gt=0, le=24 * 60, description="Minutes that one job may take.")
    tile_cache_mib: int = Field(
        default=64, ge=0, description="Memory, MiB, of the API for drawn map tiles; 0 draws each anew."
    )
    minimum_free_mib: int = Field(
        default=512,
        ge=0,
        description="Free space, MiB, below which Dengta refuses to start and to store pictures.",
    )
    undo_days: int = Field(
        default=30, ge=1, le=3650, description="Days for which a batch of classifications can be undone."
    )
    time_zone: str = Field(
        default="Asia/Shanghai",
        description="The city's time zone (IANA name), in which days begin and reports are dated.",
    )
    log_level: str = Field(
        default="info",
        pattern=r"^(debug|info|warning|error)$",
        description="Least severe log line that is written.",
    )
    log_json: bool = Field(default=True, description="Write log lines as JSON; off, as text for people.")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("there is no such time zone; one is written like Asia/Shanghai") from None
        return name

    @field_validator("data_dir", "models_folder", "evidence_folder", "jobs_folder")
    @classmethod
    def _absolute(cls, folder: Path | None) -> Path | None:
        """Absolute from the start: the processes that Dengta starts run in another working folder."""
        if folder is None:
            return None
        try:
            return Path(os.path.abspath(folder.expanduser()))  # noqa: PTH100 - resolve() would follow links
        except RuntimeError:
            raise ValueError("nobody of that name has a home folder") from None

    @field_validator("data_dir")
    @classmethod
    def _plain(cls, folder: Path) -> Path:
        """The servers' own configuration has no way to write these letters."""
        if any(letter in ',"\\' or not letter.isprintable() for letter in str(folder)):
            raise ValueError("no comma, quotation mark, backslash or control character may be in it")
        return folder

    @field_validator("database_url", "nats_url")
    @classmethod
    def _usable(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if url is not None:
            check = check_database_url if info.field_name == "database_url" else check_nats_url
            check(url.get_secret_value())
        return url

    @model_validator(mode="after")
    def _lease_outlasts_look(self) -> Self:
        if self.lease_s <= self.look_deadline_s:
            raise ValueError(
                "DENGTA_LEASE_S must be more than DENGTA_LOOK_DEADLINE_S, or looks are done twice"
            )
        return self

    @property
    def models_dir(self) -> Path:
        """Where model files are looked for first and kept."""
        return self.models_folder or self.data_dir / "models"

    @property
    def evidence_dir(self) -> Path:
        """Where evidence pictures are kept."""
        return self.evidence_folder or self.data_dir / "evidence"

    @property
    def jobs_dir(self) -> Path:
        """Where jobs keep what was uploaded and what they wrote for their askers."""
        return self.jobs_folder or self.data_dir / "jobs"

    @property
    def keys_dir(self) -> Path:
        """Where keys are kept, outside the database."""
        return self.data_dir / "keys"

    @property
    def log_dir(self) -> Path:
        """Where the processes' logs are kept."""
        return self.data_dir / "logs"


@functools.lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        InvalidInputError: A variable holds what the setting cannot be; the sentence names it.
    """
    try:
        return Settings()
    except ValidationError as err:
        # The rejected value may be a secret with a typing error in it, so only its name is shown.
        faults = "; ".join(_fault(e["loc"], e["msg"]) for e in err.errors(include_input=False))
        raise InvalidInputError(
            f"A setting cannot be used: {faults}.", remedy="docs/settings.md lists each with its range."
        ) from None


def _fault(place: tuple[int | str, ...], message: str) -> str:
    reason = message.removeprefix("Value error, ")
    return f"DENGTA_{'.'.join(str(part) for part in place).upper()}: {reason}" if place else reason
