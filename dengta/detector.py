"""Which object detector this installation uses, and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import ModelError
from inference.shelf import Shelf, State, Stock
from inference.sources import silent
from inference.ultralytics_detector import (
    PREFIX,
    THRESHOLD,
    UltralyticsDetector,
    UltralyticsShelf,
    UltralyticsStock,
)

if TYPE_CHECKING:
    from base.settings import Settings
    from inference.objects import ObjectRecogniser
    from inference.sources import Progress


def obtain_detector(settings: Settings, progress: Progress = silent) -> Stock | UltralyticsStock:
    """The detector, got from its sources if this machine lacks it.

    Raises:
        ModelError: It could not be got.
        NotFoundError: ``DENGTA_DETECTOR`` names no model of the shelf, and none of ultralytics.
    """
    if settings.detector.startswith(PREFIX):
        return UltralyticsShelf(settings.models_dir).ensure(settings.detector.removeprefix(PREFIX), progress)
    shelf = Shelf(settings.models_dir)
    return (
        shelf.ensure(settings.detector, progress) if settings.detector else shelf.default_detector(progress)
    )


def stocked_detector(settings: Settings) -> Stock | UltralyticsStock:
    """The detector as it stands in the models folder; nothing is fetched.

    Raises:
        ModelError: There is none.
        NotFoundError: ``DENGTA_DETECTOR`` names no model of the shelf, and none of ultralytics.
    """
    if settings.detector.startswith(PREFIX):
        return UltralyticsShelf(settings.models_dir).inspect(settings.detector.removeprefix(PREFIX))
    shelf = Shelf(settings.models_dir)
    names = [settings.detector] if settings.detector else shelf.default_order
    stocks = [shelf.inspect(name) for name in names]
    for stock in stocks:
        if stock.state is State.READY:
            return stock
    raise ModelError(stocks[0].detail, remedy="Get one with: dengta models fetch")


def load_recogniser(settings: Settings) -> ObjectRecogniser:
    """The recogniser of objects with the detector as it stands in the models folder.

    Raises:
        ModelError: There is none, or it cannot be loaded.
        NotFoundError: ``DENGTA_DETECTOR`` names no model of the shelf, and none of ultralytics.
    """
    from inference.objects import ObjectRecogniser

    stock = stocked_detector(settings)
    if isinstance(stock, UltralyticsStock):
        detector = UltralyticsDetector.load(stock, batch=settings.recognition_batch)
        return ObjectRecogniser(detector, stock.label, THRESHOLD)
    return ObjectRecogniser.load(stock, batch=settings.recognition_batch)
