"""From evidence to suggestions: what the rules and the classifier say, weighed and explained; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from camera_registry.suggestion.figures import LEAST_CONFIDENCE
from camera_registry.suggestion.reasons import CONSIDERED, Explainer, Reason
from camera_registry.suggestion.rules import PRIOR_CAMERAS, Matcher, Measured

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from camera_registry.suggestion.evidence import Evidence
    from camera_registry.suggestion.lessons import Lessons
    from camera_registry.suggestion.model import Model
    from camera_registry.suggestion.rules import Rule

    Floats = NDArray[np.float64]

MOST_PER_CAMERA = 3
BLOCK = 50_000
"""Cameras that are explained at once: bounds the memory of a large city."""


class Suggested(NamedTuple):
    """One suggestion.

    Attributes:
        row: Index of the camera in the evidence.
        scene: Code of the scene.
        source: ``rule`` or ``learned``: whose confidence it is.
        confidence: 0 to 1.
        reasons: Strongest first; where the other of the two says the same, its reason comes last.
    """

    row: int
    scene: str
    source: str
    confidence: float
    reasons: list[Reason]


@dataclass
class Proposer:
    """Suggests scenes by rules and, where there is one, by a classifier.

    Attributes:
        scenes: Codes of all scenes.
        rules: Those in force.
        layers: Number of each point layer by its code.
        model: The classifier, or None.
        known: How the rules fare, by code, where that is known already; else it is measured on the cameras.
        measured: How each rule fared in the last :meth:`suggest`, by code.
    """

    scenes: Sequence[str]
    rules: Sequence[Rule]
    layers: Mapping[str, int]
    model: Model | None = None
    known: Mapping[str, Measured] | None = None
    measured: dict[str, Measured] = field(default_factory=dict)

    def suggest(self, evidence: Evidence, lessons: Lessons, serves: NDArray[np.bool_]) -> Iterator[Suggested]:
        """Suggestions of scenes that the cameras do not serve yet, camera by camera.

        Args:
            evidence: The cameras (n).
            lessons: What staff decided on them, by which each rule is measured; its scenes are ``scenes``.
            serves: Which scenes they serve already, by anybody's word (n, k).
        """
        if not len(evidence):
            return
        matrix = None if self.model is None else self.model.space.matrix(evidence)
        said = self._say(evidence, lessons, matrix)
        rows, places = _chosen(said.confidence, serves)
        for start in range(0, len(rows), BLOCK):
            part = slice(start, start + BLOCK)
            yield from self._explained(rows[part], places[part], said, matrix)

    def confidence(self, evidence: Evidence, lessons: Lessons) -> Floats:
        """How sure rules and classifier together are of each scene (n, k); 0 where neither says anything."""
        matrix = None if self.model is None else self.model.space.matrix(evidence)
        return self._say(evidence, lessons, matrix).confidence

    def _say(self, evidence: Evidence, lessons: Lessons, matrix: sparse.csr_array | None) -> _Said:
        """What the rules and the classifier say, and whose word counts.

        The classifier learned from the same decisions that a rule is measured by, and its confidence is
        calibrated: where it speaks, it is right about how sure to be. But it cannot know what a rule knows
        that few decisions have tried: then the surer of the two counts.
        """
        by_rule, which = self._by_rules(evidence, lessons)
        learned = np.zeros(by_rule.shape)
        speaks = np.zeros(by_rule.shape, dtype=bool)
        if self.model is not None and matrix is not None:
            probabilities, knows = self.model.probabilities(matrix), self.model.knows(evidence)
            for column, scene in enumerate(self.model.scenes):
                if scene in self.scenes:
                    place = self.scenes.index(scene)
                    learned[knows, place] = probabilities[knows, column]
                    speaks[:, place] = knows
        measures = self.measured if self.known is None else self.known
        untried = np.array(
            [measures.get(rule.code, Measured(0, 0)).matched < PRIOR_CAMERAS for rule in self.rules] + [False]
        )
        heard = by_rule * (~speaks | untried[which])
        return _Said(by_rule, which, learned, np.maximum(heard, learned), heard > learned)

    def weigh(self, evidence: Evidence, lessons: Lessons) -> Floats:
        """What the rules alone say of cameras: the confidence of the best one for each scene (n, k)."""
        return self._by_rules(evidence, lessons)[0]

    def _by_rules(self, evidence: Evidence, lessons: Lessons) -> tuple[Floats, NDArray[np.int64]]:
        """The confidence of the best rule for each camera and scene, and its index; 0 and -1 for none."""
        shape = (len(evidence), len(self.scenes))
        confidence, which = np.zeros(shape), np.full(shape, -1)
        matcher = Matcher(evidence, self.layers)
        classified, serves = lessons.classified, lessons.serves
        for index, rule in enumerate(self.rules):
            met = matcher.met(rule.conditions)
            scene = self.scenes.index(rule.scene)
            if self.known is None:
                fared = Measured(int((met & classified).sum()), int((met & serves[:, scene]).sum()))
                self.measured[rule.code] = fared
            else:
                fared = self.known.get(rule.code, Measured(0, 0))
            better = met & (confidence[:, scene] < (sure := fared.confidence(rule.confidence)))
            confidence[better, scene] = sure
            which[better, scene] = index
        return confidence, which

    def _explained(
        self,
        rows: NDArray[np.int64],
        places: NDArray[np.int64],
        said: _Said,
        matrix: sparse.csr_array | None,
    ) -> Iterator[Suggested]:
        columns = (said.which, said.learned, said.confidence, said.ruled)
        told = [each[rows, places].tolist() for each in columns]
        taught = self._taught(rows, places, matrix)
        for row, place, index, learned, confidence, ruled, reasons in zip(
            rows.tolist(), places.tolist(), *told, taught, strict=True
        ):
            rule = self.rules[index] if index >= 0 else None
            of_rule = [] if rule is None else [Reason("rule", rule.code, rule.version)]
            if ruled:
                also = reasons[:2] if learned >= LEAST_CONFIDENCE else []
                yield Suggested(row, self.scenes[place], "rule", confidence, of_rule + also)
            else:
                yield Suggested(row, self.scenes[place], "learned", confidence, reasons + of_rule)

    def _taught(
        self, rows: NDArray[np.int64], places: NDArray[np.int64], matrix: sparse.csr_array | None
    ) -> Iterator[list[Reason]]:
        """The classifier's reasons for each pair; empty where it does not know the scene."""
        if self.model is None or matrix is None:
            return ([] for _ in range(len(rows)))
        column = [self.model.scenes.index(s) if s in self.model.scenes else -1 for s in self.scenes]
        scenes = np.array(column)[places]
        strongest = self.model.strongest(matrix[rows], np.maximum(scenes, 0), CONSIDERED)
        explain = Explainer(self.model.space).explain
        columns = (each.tolist() for each in strongest)
        return (
            explain(*reason) if scene >= 0 else []
            for scene, reason in zip(scenes.tolist(), zip(*columns, strict=True), strict=True)
        )


class _Said(NamedTuple):
    """What rules and classifier say of cameras and scenes (n, k of each).

    Attributes:
        by_rule: Confidence of the best rule; 0 for none.
        which: Its index; -1 for none.
        learned: The classifier's probability; 0 where it abstains.
        confidence: What is told.
        ruled: Whether that is the rule's word.
    """

    by_rule: Floats
    which: NDArray[np.int64]
    learned: Floats
    confidence: Floats
    ruled: NDArray[np.bool_]


def _chosen(best: Floats, serves: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs worth suggesting: sure enough, not served already, the best few of each camera."""
    allowed = np.where(serves, 0, best)
    if best.shape[1] > MOST_PER_CAMERA:
        least = -np.partition(-allowed, MOST_PER_CAMERA - 1, axis=1)[:, MOST_PER_CAMERA - 1 : MOST_PER_CAMERA]
        allowed = np.where(allowed >= least, allowed, 0)
    rows, places = np.nonzero(allowed >= LEAST_CONFIDENCE)
    return rows, places
