"""The shape of a scene rule, and the presets that a watch may override."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.observation import Observation
    from models.verdict import Verdict


class RuleSettings(BaseModel):
    """Hysteresis and N of M, which every threshold rule has.

    A matter opens when ``votes`` of the last ``of`` judged pictures reach ``open_at``, and closes when as
    many are at or below ``close_at``. Between the two borders a picture speaks for neither.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    open_at: float = Field(gt=0)
    close_at: float = Field(ge=0)
    votes: int = Field(default=3, ge=1, le=20)
    of: int = Field(default=4, ge=1, le=20)
    span_s: float = Field(default=0, ge=0, description="Seconds that the opening votes must span.")
    memory_s: float = Field(
        default=3600, gt=0, description="A picture older than this, in seconds, has no vote."
    )

    @model_validator(mode="after")
    def _borders_in_order(self) -> RuleSettings:
        if self.close_at >= self.open_at:
            raise ValueError("close_at must be below open_at")
        if self.votes > self.of:
            raise ValueError("votes must not exceed of")
        if self.span_s >= self.memory_s:
            raise ValueError("span_s must be below memory_s")
        return self


class Rule(Protocol):
    """A scene rule. It is pure: the same state and observation give the same verdict."""

    name: str
    """Stands in ``watch.rule``."""
    kind: str
    """Kind of the incidents it opens."""
    recogniser: str
    """Whose observations it reads."""

    def judge(
        self, state: Mapping[str, Any], observation: Observation, overrides: Mapping[str, Any]
    ) -> Verdict:
        """Weigh one observation that is newer than all that ``state`` has seen.

        Args:
            state: What the last verdict asked to remember; empty at first.
            observation: What was seen, or an abstention.
            overrides: The watch's own settings over the rule's presets.

        Raises:
            InvalidInputError: ``overrides`` does not fit; the sentence names the setting.
        """
        ...


Settings = TypeVar("Settings", bound=RuleSettings)


def read_settings(model: type[Settings], overrides: Mapping[str, Any]) -> Settings:
    """The presets of ``model`` with ``overrides``.

    Raises:
        InvalidInputError: One does not fit.
    """
    try:
        return model.model_validate(dict(overrides))
    except ValidationError as err:
        first = err.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "settings"
        raise InvalidInputError(f"The rule's setting {field} cannot be used: {first['msg']}.") from err
