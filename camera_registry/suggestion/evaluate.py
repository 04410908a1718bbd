"""How right the classifier is on townships that it has never seen, with good records and with bad ones."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from base.errors import ConflictError
from camera_registry.suggestion.evidence import Evidence, Near
from camera_registry.suggestion.figures import figures
from camera_registry.suggestion.learn import train
from camera_registry.suggestion.propose import Proposer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from camera_registry.suggestion.lessons import Lessons
    from camera_registry.suggestion.model import Model
    from camera_registry.suggestion.rules import Rule

HELD_OUT = 0.25
"""Share of the units."""
SEED = 7


@dataclass(frozen=True)
class Noise:
    """How often records go bad; each of them is a fault that governance finds in real lists.

    Attributes:
        typo: A character of the name is lost, doubled or another one.
        unnamed: The name is that of a recorder's channel.
        no_address: The address is missing.
        no_owner: The department is missing.
        no_place: The coordinates are missing, so that nothing is known to be near.
    """

    typo: float = 0.3
    unnamed: float = 0.1
    no_address: float = 0.2
    no_owner: float = 0.3
    no_place: float = 0.1


@dataclass(frozen=True)
class HoldOut:
    """Classified cameras, parted by unit.

    Attributes:
        taught: Rows of units that are learned from.
        held_out: Rows of those that are not.
    """

    taught: NDArray[np.int64]
    held_out: NDArray[np.int64]


def part_units(evidence: Evidence, lessons: Lessons, share: float = HELD_OUT, seed: int = SEED) -> HoldOut:
    """Part the classified cameras by the unit they stand in; those in no unit teach.

    Raises:
        ConflictError: They stand in fewer than four units.
    """
    classified = lessons.classified
    units = np.unique(evidence.unit_ids[classified & (evidence.unit_ids > 0)])
    if len(units) < 4:
        raise ConflictError(
            f"The classified cameras stand in {len(units)} units; a hold-out by unit needs 4.",
            remedy="Classify cameras of more townships first.",
        )
    chosen = np.random.default_rng(seed).choice(units, max(1, round(share * len(units))), replace=False)
    out = np.isin(evidence.unit_ids, chosen)
    return HoldOut(np.flatnonzero(classified & ~out), np.flatnonzero(classified & out))


def noised(evidence: Evidence, noise: Noise | None = None, seed: int = SEED) -> Evidence:
    """The same cameras as a worse list would have them."""
    noise = noise or Noise()
    dice = random.Random(seed)  # noqa: S311 - chance, not secrecy
    letters = "".join(evidence.names[:2000]) or "路"

    def spoilt(name: str) -> str:
        if dice.random() < noise.unnamed:
            return dice.choice(("通道{}", "IPCamera {:02d}", "NVR-CH{:02d}", "Camera{}")).format(
                dice.randrange(1, 64)
            )
        if name and dice.random() < noise.typo:
            at = dice.randrange(len(name))
            return name[:at] + dice.choice(("", name[at] * 2, dice.choice(letters))) + name[at + 1 :]
        return name

    lost = np.array([dice.random() < noise.no_place for _ in range(len(evidence))], dtype=bool)
    kept = ~lost[evidence.near.rows]
    near = evidence.near
    return replace(
        evidence,
        names=[spoilt(name) for name in evidence.names],
        names_read=None,
        addresses=[None if dice.random() < noise.no_address else each for each in evidence.addresses],
        owners=[None if dice.random() < noise.no_owner else each for each in evidence.owners],
        road_classes=[
            None if gone else each for each, gone in zip(evidence.road_classes, lost.tolist(), strict=True)
        ],
        near=Near(near.rows[kept], near.layers[kept], near.metres[kept]),
    )


def predictions(model: Model, scenes: Sequence[str], evidence: Evidence) -> NDArray[np.float64]:
    """What a classifier says of cameras (n, k); 0 for scenes and kinds of place that it does not know."""
    found = np.zeros((len(evidence), len(scenes)))
    said = model.probabilities(model.space.matrix(evidence))
    said[~model.knows(evidence)] = 0
    for column, scene in enumerate(model.scenes):
        found[:, list(scenes).index(scene)] = said[:, column]
    return found


def evaluate(
    evidence: Evidence,
    lessons: Lessons,
    layers: Sequence[tuple[int, str]],
    rules: Sequence[Rule],
    tell: Callable[[float], None] = lambda _share: None,
) -> dict[str, Any]:
    """Train on some units, and measure on the others: the classifier, and the rules alone.

    The rules are weighed by what the first units decided, exactly as in a run.

    Args:
        evidence: The catalogue.
        lessons: What staff decided.
        layers: Number and code of each point layer.
        rules: Those in force.
        tell: Told the finished share.

    Returns:
        Figures by who predicts (``both`` as a run does, ``learned``, ``rules``) and on what (``clean``,
        ``noised``), as JSON.

    Raises:
        ConflictError: Too few cameras or units are classified.
    """
    parts = part_units(evidence, lessons)
    taught, known = evidence.take(parts.taught), lessons.take(parts.taught)
    model = train(taught, known, layers, lambda share: tell(0.8 * share)).model
    numbers = {code: number for number, code in layers}
    weighed = Proposer(lessons.scenes, rules, numbers)
    weighed.weigh(taught, known)
    alone = Proposer(lessons.scenes, rules, numbers, known=weighed.measured)
    truth = lessons.take(parts.held_out).serves
    clean = evidence.take(parts.held_out)
    found: dict[str, Any] = {"taught": len(parts.taught), "held_out": len(parts.held_out)}
    found["units_held_out"] = len(np.unique(clean.unit_ids))
    for name, cameras in (("clean", clean), ("noised", noised(clean))):
        said = {
            "both": replace(alone, model=model).confidence(cameras, known),
            "learned": predictions(model, lessons.scenes, cameras),
            "rules": alone.weigh(cameras, known),
        }
        found[name] = {who: figures(lessons.scenes, each, truth) for who, each in said.items()}
        tell(0.9 if name == "clean" else 1.0)
    return found
