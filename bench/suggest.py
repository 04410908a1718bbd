"""Bench ``suggest``: a city re-suggested, and how right suggestions are on townships never seen in training.

``230k`` is the wall time of making all suggestions anew: evidence read from the store, names taken apart,
rules and classifier applied, reasons picked, the difference written and committed. The other cases are shares
of error on a quarter of the townships, held out whole; ``-noised`` with bad records.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from base.clock import ManualClock
from base.database import Database
from base.errors import SetupError
from base.postgres import find_programs
from bench.city_store import city_store
from bench.harness import Line, Result, Skipped, Tell, interquartile_range
from camera_registry.suggestion.evaluate import noised, part_units
from camera_registry.suggestion.evidence_store import read_evidence, read_layers, read_lessons, read_scenes
from camera_registry.suggestion.figures import figures
from camera_registry.suggestion.learn import Trained, train
from camera_registry.suggestion.model_store import save_model
from camera_registry.suggestion.propose import Proposer
from camera_registry.suggestion.rule_book import rules_in_force
from camera_registry.suggestion.run import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import asyncpg
    from scipy import sparse

    from camera_registry.suggestion.evidence import Evidence
    from camera_registry.suggestion.lessons import Lessons
    from camera_registry.suggestion.rules import Rule

NAME = "suggest"
ACCURACY = tuple(
    f"{figure}{noise}"
    for noise in ("", "-noised")
    for figure in ("top1", "precision", "recall", "calibration")
)
CASES = ("230k", *ACCURACY)
UNIT = "error_share"
ROUNDS = 2
CLOCK = ManualClock(datetime(2026, 1, 17, 9, tzinfo=UTC))
NEAREST = "tfidf-nearest"

_STORE = "create table if not exists nearest (camera_id bigint, scene text, likeness real)"


@dataclass(frozen=True)
class Learned:
    """What the cases of accuracy share.

    Attributes:
        trained: The classifier, taught by three quarters of the townships.
        figures: Of ``ours``, ``rules`` and :data:`NEAREST`, on records as they are (``""``) and ``-noised``.
        texts: Names, addresses and departments of the taught cameras, as the peer reads them.
        answers: The first scene of each.
        cameras: How many were measured on.
    """

    trained: Trained
    figures: dict[str, dict[str, dict[str, Any]]]
    texts: list[str]
    answers: list[str]
    cameras: int


def measure(case: str, tell: Tell) -> Iterator[Line]:
    """The lines of one case."""
    try:
        find_programs()
    except SetupError as err:
        yield Skipped(NAME, case, str(err))
        return
    tell(0, 1)
    if case == "230k":
        yield from _whole_city(tell)
    else:
        yield from _accuracy(case)
    tell(1, 1)


def _accuracy(case: str) -> Iterator[Line]:
    learned = _learned()
    figure = case.removesuffix("-noised")
    found = learned.figures[case.removeprefix(figure)]
    peers = ["rules", NEAREST] if figure == "top1" else ["rules"]
    for peer in peers:
        yield Result(
            bench=NAME,
            case=case,
            ours=_error(found["ours"], figure),
            peer=_error(found[peer], figure),
            peer_name=peer,
            floor=None,
            unit=UNIT,
            n=learned.cameras,
            spread=0.0,
        )


def _error(told: dict[str, Any], figure: str) -> float:
    """A figure as a cost; precision and recall are means over the scenes that have cameras, at one half."""
    if figure == "top1":
        return 1 - float(told["top1"])
    if figure == "calibration":
        return float(told["calibration_error"])
    shares = [each[figure] or 0.0 for each in told["by_scene"].values() if each["cameras"]]
    return 1 - sum(shares) / len(shares)


@cache
def _learned() -> Learned:
    """Taught and measured once for all cases."""
    with city_store() as cluster:
        evidence, lessons, layers, rules = asyncio.run(_read(cluster.url))
    parts = part_units(evidence, lessons)
    taught, known = evidence.take(parts.taught), lessons.take(parts.taught)
    trained = train(taught, known, layers)
    numbers = {code: number for number, code in layers}
    weighed = Proposer(known.scenes, rules, numbers)
    weighed.weigh(taught, known)
    alone = Proposer(known.scenes, rules, numbers, known=weighed.measured)
    texts, answers = _texts(taught), [known.scenes[place] for place in known.serves.argmax(axis=1).tolist()]
    nearest = Nearest(texts, answers)
    clean = evidence.take(parts.held_out)
    truth = lessons.take(parts.held_out).serves
    found = {}
    for noise, cameras in (("", clean), ("-noised", noised(clean))):
        said = {
            "ours": replace(alone, model=trained.model).confidence(cameras, known),
            "rules": alone.weigh(cameras, known),
            NEAREST: nearest.likeness(_texts(cameras), known.scenes),
        }
        found[noise] = {who: figures(known.scenes, each, truth) for who, each in said.items()}
    return Learned(trained, found, texts, answers, len(parts.held_out))


async def _read(url: str) -> tuple[Evidence, Lessons, tuple[tuple[int, str], ...], list[Rule]]:
    database = Database(url, pool_size=1)
    async with database.raw() as connection:
        evidence = await read_evidence(connection, [])
        lessons = await read_lessons(connection, evidence, await read_scenes(connection))
        layers, rules = await read_layers(connection), await rules_in_force(connection)
    await database.close()
    return evidence, lessons, layers, rules


class Nearest:
    """The peer: TF-IDF of character n-grams as scikit-learn makes them, and the nearest scene's mean."""

    def __init__(self, texts: Sequence[str], answers: Sequence[str]) -> None:
        self._vectorizer = TfidfVectorizer(
            analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True, dtype=np.float32
        )
        rows = self._vectorizer.fit_transform(texts)
        self.scenes = sorted(set(answers))
        means = np.vstack([rows[np.array(answers) == scene].mean(axis=0).A1 for scene in self.scenes])
        self._means = means / np.linalg.norm(means, axis=1, keepdims=True)

    def likeness(self, texts: Sequence[str], scenes: Sequence[str]) -> np.ndarray[Any, Any]:
        """The cosine with each scene (n, k)."""
        found = np.zeros((len(texts), len(scenes)))
        found[:, [list(scenes).index(scene) for scene in self.scenes]] = (
            self._vectorizer.transform(texts) @ self._means.T
        )
        return found


def _texts(cameras: Evidence) -> list[str]:
    columns = zip(cameras.names, cameras.addresses, cameras.owners, strict=True)
    return [f"{name} {address or ''} {owner or ''}" for name, address, owner in columns]


def _whole_city(tell: Tell) -> Iterator[Line]:
    learned = _learned()
    with city_store() as cluster, asyncio.Runner() as runner:
        database = Database(cluster.url, pool_size=1)
        costs = runner.run(_race(database, learned, tell))
        runner.run(database.close())
    ours = costs["ours"]
    yield Result(
        bench=NAME,
        case="230k",
        ours=median(ours),
        peer=median(costs["peer"]),
        peer_name=NEAREST,
        floor=median(costs["floor"]),
        unit="ms",
        n=len(ours),
        spread=interquartile_range(ours),
    )


async def _race(database: Database, learned: Learned, tell: Tell) -> dict[str, list[float]]:
    """Wall milliseconds of each, in turn; the first run of ours fills the table and does not count."""
    nearest = Nearest(learned.texts, learned.answers)
    async with database.raw() as connection:
        await save_model(connection, learned.trained, at=CLOCK.now(), account_id=None)
        await connection.execute(_STORE)
        evidence = await read_evidence(connection, [])
    matrix = learned.trained.model.space.matrix(evidence)
    await run(database, CLOCK, lambda _stage, _share: None)
    costs: dict[str, list[float]] = {"ours": [], "peer": [], "floor": []}
    for number in range(ROUNDS):
        tell(number, ROUNDS)
        began = time.perf_counter()
        await run(database, CLOCK, lambda _stage, _share: None)
        costs["ours"].append((time.perf_counter() - began) * 1e3)
        began = time.perf_counter()
        async with database.raw() as connection:
            await _nearest(connection, nearest)
        costs["peer"].append((time.perf_counter() - began) * 1e3)
        began = time.perf_counter()
        _product(matrix, learned.trained.model.weights)
        costs["floor"].append((time.perf_counter() - began) * 1e3)
    return costs


async def _nearest(connection: asyncpg.Connection[Any], nearest: Nearest) -> None:
    """What the peer does for a city: read the texts, compare them, write the nearest scene of each."""
    rows = await connection.fetch("select id, name, address, owner from camera order by id")
    texts = [f"{row['name']} {row['address'] or ''} {row['owner'] or ''}" for row in rows]
    likeness = nearest.likeness(texts, nearest.scenes)
    best = likeness.argmax(axis=1)
    how = likeness[np.arange(len(best)), best]
    records = [
        (row["id"], nearest.scenes[place], like)
        for row, place, like in zip(rows, best.tolist(), how.tolist(), strict=True)
    ]
    async with connection.transaction():
        await connection.execute("truncate nearest")
        await connection.copy_records_to_table("nearest", records=records)


def _product(matrix: sparse.csr_array, weights: np.ndarray[Any, Any]) -> None:
    """The bare arithmetic: one sparse matrix product of the same size."""
    matrix @ weights.T
