"""Compares detectors on labelled frames: average precision, counting error, and CPU a picture.

    python bench/detectors.py --clips FOLDER [--clips FOLDER …] --models FOLDER [--json]

Labels are in bench/labels/detectors.json; they name clips by file and sha256, and a clip that is in none of
the folders is left out and said so. vtest.avi is in Debian's package opencv-doc; the others are public clips.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from inference.detector import Detector
from inference.folder import State, Stock
from inference.objects import PERSONS, VEHICLES, one_a_vehicle
from inference.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

LABELS = Path(__file__).parent / "labels" / "detectors.json"
KINDS = {"person": PERSONS, "vehicle": VEHICLES}
FLOOR = 0.05
ROUNDS = 9
SURE = 0.9

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class LabelledFrame:
    """A picture and where things are in it, pixels."""

    clip: str
    pixels: np.ndarray
    boxes: dict[str, list[Box]]
    ignored: list[Box]


def frames(folders: list[Path]) -> Iterator[LabelledFrame]:
    for clip in json.loads(LABELS.read_text())["clips"]:
        path = next((p for folder in folders for p in folder.rglob(clip["file"])), None)
        if path is None or hashlib.sha256(path.read_bytes()).hexdigest() != clip["sha256"]:
            print(f"left out: {clip['file']} is in none of the folders", file=sys.stderr)
            continue
        capture = cv2.VideoCapture(str(path))
        wanted = {int(number): labels for number, labels in clip["frames"].items()}
        for number in range(max(wanted) + 1):
            _, pixels = capture.read()
            if labels := wanted.get(number):
                boxes = {kind: labels.get(kind, []) for kind in KINDS}
                yield LabelledFrame(clip["file"], pixels, boxes, labels.get("ignore", []))


def overlap(a: Box, b: Box) -> tuple[float, float]:
    """Intersection over union, and intersection over a."""
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    own, other = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
    return wide * high / (own + other - wide * high), wide * high / own


def judged(frame: LabelledFrame, found: list[Any], kind: str) -> list[tuple[float, bool]]:
    """Score and rightness of each detection of a kind, best first; one label is found once."""
    height, width = frame.pixels.shape[:2]
    free = list(frame.boxes[kind])
    verdicts = []
    for detection in found:
        if detection.label not in KINDS[kind]:
            continue
        box = tuple(np.array(detection.box) * [width, height, width, height])
        best = max(free, key=lambda label: overlap(box, label)[0], default=None)
        if best is not None and overlap(box, best)[0] >= 0.5:
            free.remove(best)
            verdicts.append((detection.score, True))
        elif not any(overlap(box, region)[1] > 0.5 for region in frame.ignored):
            verdicts.append((detection.score, False))
    return verdicts


def average_precision(verdicts: list[tuple[float, bool]], labels: int) -> float:
    """Area under the precision envelope (PASCAL VOC 2010 and later)."""
    right = np.cumsum([ok for _, ok in sorted(verdicts, reverse=True)])
    precision = np.maximum.accumulate((right / np.arange(1, len(right) + 1))[::-1])[::-1]
    gains = np.diff(np.concatenate([[0], right])) / max(labels, 1)
    return float(precision @ gains)


def precision_and_recall(
    verdicts: list[tuple[float, bool]], labels: int, threshold: float
) -> tuple[float, float]:
    """Of what counts from that score on, the share that is right, and the share of labels found."""
    counted = [right for score, right in verdicts if score >= threshold]
    return sum(counted) / max(len(counted), 1), sum(counted) / labels


def lowest_sure_threshold(verdicts: list[tuple[float, bool]], labels: int) -> float:
    """The lowest score in steps of 0.05 from which at least nine in ten counted objects are right."""
    steps = [step / 20 for step in range(3, 16)]
    return next((s for s in steps if precision_and_recall(verdicts, labels, s)[0] >= SURE), steps[-1])


def cpu_ms(detector: Detector, picture: np.ndarray, batch: int) -> float:
    """Process time a picture, milliseconds, preparation and decoding included."""
    spent = []
    for _ in range(ROUNDS):
        start = time.process_time()
        detector.detect([picture] * batch, 0.2)
        spent.append((time.process_time() - start) * 1e3 / batch)
    return median(spent)


def measure(stock: Stock, labelled: list[LabelledFrame]) -> dict[str, Any]:
    detector = Detector.load(stock)
    threshold = stock.card.threshold
    groups: dict[str, list[tuple[float, bool]]] = {}
    labels: dict[str, int] = {}
    errors: dict[str, list[int]] = {}
    for frame in labelled:
        found = one_a_vehicle(detector.detect([frame.pixels], FLOOR)[0])
        for kind in KINDS:
            if not frame.boxes[kind]:
                continue
            group = (
                f"{kind} {'traffic' if frame.clip[:3] in ('tfl', 'bgs') else frame.clip.partition('.')[0]}"
            )
            verdicts = judged(frame, found, kind)
            groups.setdefault(group, []).extend(verdicts)
            labels[group] = labels.get(group, 0) + len(frame.boxes[kind])
            counted = sum(score >= threshold for score, _ in verdicts)
            errors.setdefault(group, []).append(counted - len(frame.boxes[kind]))
    everything = [verdict for verdicts in groups.values() for verdict in verdicts]
    precision, recall = precision_and_recall(everything, sum(labels.values()), threshold)
    return {
        "model": stock.label,
        "ap50": {group: round(average_precision(v, labels[group]), 2) for group, v in groups.items()},
        "threshold": threshold,
        "lowest_sure_threshold": lowest_sure_threshold(everything, sum(labels.values())),
        "precision": round(precision, 2),
        "recall": round(recall, 2),
        "count_error": {group: round(float(np.mean(np.abs(e))), 1) for group, e in errors.items()},
        "cpu_ms": {batch: round(cpu_ms(detector, labelled[0].pixels, batch), 1) for batch in (1, 4)},
        "bytes": stock.path.stat().st_size if stock.path else 0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=Path, action="append", required=True, metavar="FOLDER")
    parser.add_argument("--models", type=Path, action="append", required=True, metavar="FOLDER")
    parser.add_argument("--json", action="store_true", help="one object a line")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    labelled = list(frames(options.clips))
    for shelf in map(Shelf, options.models):
        for stock in (shelf.inspect(card.name) for card in shelf.cards):
            if stock.state is State.READY:
                result = measure(stock, labelled)
                print(
                    json.dumps(result)
                    if options.json
                    else "\n  ".join(f"{k}: {v}" for k, v in result.items())
                )


if __name__ == "__main__":
    main()
