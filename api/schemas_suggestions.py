"""Suggestions on the wire: lists, dry runs, decisions, rules, the classifier's card."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from api.cursor import MAX_ID
from api.filters import CameraFilterBody
from api.schemas import Line, SceneRef, Sent, Wire
from api.schemas_classification import ClassificationDone, Reason
from camera_registry.classification import Conflicts
from camera_registry.suggestion.decide import BANDS, Counted, Decided
from camera_registry.suggestion.model_store import ModelCard
from camera_registry.suggestion.reasons import Lexicon, put_in_words
from camera_registry.suggestion.rules import LONGEST_WORD, MOST_WORDS, Conditions
from camera_registry.suggestion.wanted import Wanted

SuggestionSource = Literal["rule", "learned"]
SuggestionState = Literal["open", "accepted", "refused", "superseded"]
Confidence = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
RuleCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Word = Annotated[Line, StringConstraints(min_length=1, max_length=LONGEST_WORD)]
Sentence = Annotated[Line, StringConstraints(min_length=1, max_length=200)]

MAX_PAIRS = 50_000
_PAIR = {"camera": 17, "scene": "school"}


class ReasonInWords(Wire):
    """Why a scene is suggested."""

    kind: str = Field(
        examples=["near"],
        description="`name`, `address`, `owner`, `close`, `near`, `road`, `trait` (of the name) or `rule`",
    )
    zh: str = Field(examples=["距学校约 35 米"])
    en: str = Field(examples=["A school about 35 m away"])


class SuggestionRecord(Wire):
    """A scene that a camera should serve, and why."""

    camera: int = Field(examples=[17])
    camera_name: str = Field(examples=["芝罘凤凰台小学东门枪机"])
    unit: str | None = Field(examples=["向阳街道"])
    scene: SceneRef
    source: SuggestionSource = Field(
        examples=["learned"], description="whether a rule or the classifier says so"
    )
    confidence: float = Field(examples=[0.93], description="how often such a suggestion is right, 0 to 1")
    reasons: list[ReasonInWords] = Field(description="the strongest first")
    made_by: str = Field(examples=["model 4"], description="version of the rules or of the classifier")
    made_at: datetime = Field(examples=["2026-01-17T09:06:42Z"])
    state: SuggestionState = Field(examples=["open"])
    decided_at: datetime | None = Field(examples=[None])
    decided_by: str | None = Field(examples=[None], description="user name")
    batch: int | None = Field(examples=[None], description="the classification that accepting it made")

    @classmethod
    def of(cls, row: Any, words: Lexicon) -> Self:
        """From a row of the list."""
        reasons = [(reason[0], put_in_words(reason, words)) for reason in row["reasons"]]
        return cls(
            camera=row["camera_id"],
            scene=SceneRef(code=row["scene"], name=row["scene_name"]),
            confidence=round(row["confidence"], 4),
            reasons=[ReasonInWords(kind=kind, zh=told.zh, en=told.en) for kind, told in reasons],
            batch=row["batch_id"],
            **{name: row[name] for name in _COPIED},
        )


_COPIED = ("camera_name", "unit", "source", "made_by", "made_at", "state", "decided_at", "decided_by")


class CameraScenePair(Sent):
    """One suggestion."""

    camera: Annotated[int, Field(ge=1, le=MAX_ID)] = Field(examples=[17])
    scene: Line = Field(examples=["school"])


class SuggestionWish(Sent):
    """Which suggestions are meant; what is left out lets all through, and all parts must hold."""

    cameras: CameraFilterBody = Field(
        default=CameraFilterBody(),
        examples=[{"units": ["YT-ZF"]}],
        description="suggestions for which cameras",
    )
    scenes: list[Line] = Field(
        default=[], max_length=100, examples=[["school"]], description="suggestions of which scenes"
    )
    source: SuggestionSource | None = Field(default=None, examples=["learned"])
    least: Confidence | None = Field(default=None, examples=[0.9], description="confidence at least")
    most: Confidence | None = Field(default=None, examples=[None], description="confidence at most")
    pairs: list[CameraScenePair] | None = Field(
        default=None, max_length=MAX_PAIRS, examples=[[_PAIR]], description="one by one"
    )

    def wanted(self) -> Wanted:
        """In the catalogue's terms.

        Raises:
            InvalidInputError: It contradicts itself.
        """
        return Wanted(
            cameras=self.cameras.filter(),
            scenes=tuple(self.scenes),
            source=self.source,
            least=self.least,
            most=self.most,
            pairs=None if self.pairs is None else tuple((pair.camera, pair.scene) for pair in self.pairs),
        )


class SuggestionPreviewWish(SuggestionWish):
    """Which suggestions a dry run counts."""

    state: Literal["open", "refused"] = Field(
        default="open", examples=["open"], description="`refused` before taking refusals back"
    )


class _Order(SuggestionWish):
    token: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        default=None,
        examples=["5f1c0e2f9ab34c77d1e8a0b2"],
        description="of the dry run: 409 if it means others by now",
    )
    everything: bool = Field(
        default=False, examples=[False], description="needed where the order names no condition at all"
    )

    @model_validator(mode="after")
    def _deliberate(self) -> Self:
        narrow = {"cameras", "scenes", "source", "least", "most", "pairs"} & self.model_fields_set
        if not narrow and not self.everything:
            raise ValueError("name which suggestions are meant, or say everything")
        return self


class SuggestionAccept(_Order):
    """Suggestions to be followed."""

    conflicts: Literal["beside", "keep"] = Field(
        default="beside",
        examples=["beside"],
        description="cameras that serve another scene: put it `beside`, or `keep` them as they are",
    )
    reason: Reason | None = Field(default=None, examples=["建议复核后采纳"])

    @property
    def policy(self) -> Conflicts:
        """In the catalogue's terms."""
        return Conflicts(self.conflicts)


class SuggestionRefuse(_Order):
    """Suggestions to be refused, or whose refusal is to be taken back."""


class SceneSuggestions(Wire):
    """Suggestions of one scene, counted."""

    scene: SceneRef
    suggestions: int = Field(examples=[5536])
    bands: list[int] = Field(
        examples=[[12, 40, 231, 5253]],
        description=f"by confidence, from {', '.join(map(str, BANDS))} on, the last up to 1",
    )


class SuggestionSummary(Wire):
    """Suggestions, counted by scene and confidence."""

    suggestions: int = Field(examples=[153264])
    cameras: int = Field(examples=[129800])
    classified: int = Field(examples=[310], description="cameras of them that serve another scene already")
    band_edges: list[float] = Field(default=list(BANDS), examples=[list(BANDS)])
    scenes: list[SceneSuggestions]
    token: str = Field(
        examples=["5f1c0e2f9ab34c77d1e8a0b2"], description="stands for exactly these suggestions"
    )

    @classmethod
    def of(cls, counted: Counted) -> Self:
        """On the wire."""
        return cls(
            scenes=[
                SceneSuggestions(
                    scene=SceneRef(code=each.scene, name=each.name),
                    suggestions=each.suggestions,
                    bands=list(each.bands),
                )
                for each in counted.scenes
            ],
            **{name: getattr(counted, name) for name in ("suggestions", "cameras", "classified", "token")},
        )


class SuggestionDecision(Wire):
    """What a decision came to."""

    suggestions: int = Field(examples=[5253], description="decided on")
    cameras: int = Field(examples=[5253])
    classification: ClassificationDone | None = Field(
        default=None, description="what accepting assigned; its batch can be undone"
    )

    @classmethod
    def of(cls, decided: Decided) -> Self:
        """On the wire."""
        done = None if decided.outcome is None else ClassificationDone.of(decided.outcome)
        return cls(suggestions=decided.suggestions, cameras=decided.cameras, classification=done)


class SuggestionRunOrder(Sent):
    """What a run shall do."""

    train: bool = Field(default=False, examples=[True], description="learn from what staff decided first")
    suggest: bool = Field(default=True, examples=[True], description="make the suggestions anew")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.train and not self.suggest:
            raise ValueError("train, suggest or both")
        return self


class SuggestionRunAsked(Wire):
    """A run that was asked for."""

    job: int = Field(examples=[42], description="follow it at /jobs/{job}")


class SuggestionModel(Wire):
    """The classifier in force."""

    version: int = Field(examples=[4])
    trained_at: datetime = Field(examples=["2026-01-17T09:06:42Z"])
    trained_by: str | None = Field(examples=["wang.gis"])
    bytes: int = Field(examples=[947194], description="size of its weights")
    card: dict[str, Any] = Field(
        examples=[{"cameras": 100000, "units": 151, "held_out_by": "unit", "top1": 0.81}],
        description="how many cameras taught it; precision and recall by scene, calibration error and "
        "reliability, all on units that it had not seen",
    )

    @classmethod
    def of(cls, card: ModelCard) -> Self:
        """On the wire."""
        return cls(
            version=card.version,
            trained_at=card.trained_at,
            trained_by=card.trained_by,
            bytes=card.bytes,
            card=card.card,
        )


def _words(example: list[str], description: str) -> Any:
    return Field(default=[], max_length=MOST_WORDS, examples=[example], description=description)


class RuleConditions(Sent):
    """What a camera must meet: all that is asked, and of a list one."""

    name_any: list[Word] = _words(["校门", "护学"], "one of these stands in the name")
    name_none: list[Word] = _words(["驾校"], "none of these does")
    address_any: list[Word] = _words(["大学路"], "one of these stands in the address")
    owner_any: list[Word] = _words(["教育"], "one of these stands in the department's name")
    place_kinds: list[Word] = _words(["school"], "the name, taken apart, names a place of such a kind")
    layers: list[Word] = _words(["school"], "a point of such a layer is within `within_m`")
    within_m: Annotated[float, Field(ge=1, le=150, allow_inf_nan=False)] | None = Field(
        default=None, examples=[60.0], description="metres"
    )
    road_classes: list[Word] = _words(["arterial"], "the road that it stands at is of such a class")
    at_junction: bool | None = Field(default=None, examples=[None], description="as the name says")
    on_highway: bool | None = Field(
        default=None, examples=[None], description="the name has a kilometre post or a national number"
    )

    def conditions(self) -> Conditions:
        """In the catalogue's terms.

        Raises:
            InvalidInputError: They ask for nothing, or contradict themselves.
        """
        return Conditions.of(self.model_dump())


class SuggestionRule(Wire):
    """A rule."""

    id: int = Field(examples=[19])
    code: str = Field(examples=["school"])
    scene: str = Field(examples=["school"], description="code of the scene that it suggests")
    conditions: RuleConditions
    confidence: float = Field(examples=[0.92], description="as its author states it")
    measured: float | None = Field(
        examples=[0.99], description="as what staff decided bears it out; null before the next run"
    )
    matched: int | None = Field(examples=[5493], description="classified cameras that it met in the last run")
    confirmed: int | None = Field(examples=[5493], description="those of them that serve its scene")
    reason: str = Field(examples=["名称指向学校或幼儿园"])
    reason_en: str = Field(examples=["The name points to a school or kindergarten"])
    enabled: bool = Field(examples=[True])
    version: int = Field(examples=[1])
    updated_at: datetime = Field(examples=["2026-01-17T09:06:42Z"])


class SuggestionRuleNew(Sent):
    """A rule to be added."""

    code: RuleCode = Field(examples=["driving-school"])
    scene: Line = Field(examples=["school"])
    conditions: RuleConditions
    confidence: Confidence = Field(examples=[0.7])
    reason: Sentence = Field(examples=["名称含驾校"])
    reason_en: Sentence = Field(examples=["The name speaks of a driving school"])
    enabled: bool = Field(default=True, examples=[True])


class SuggestionRuleEdit(Sent):
    """What is to be different about a rule."""

    scene: Line | None = Field(default=None, examples=["school"])
    conditions: RuleConditions | None = Field(default=None, description="all of them anew")
    confidence: Confidence | None = Field(default=None, examples=[0.8])
    reason: Sentence | None = Field(default=None, examples=["名称含驾校"])
    reason_en: Sentence | None = Field(default=None, examples=["The name speaks of a driving school"])
    enabled: bool | None = Field(default=None, examples=[False])

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name what is to be different")
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("a rule has all of its parts: none can be null")
        return self
