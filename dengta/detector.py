"""Which object detector this installation uses, and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import ModelError
from inference.shelf import Shelf, State, Stock
from inference.sources import silent

if TYPE_CHECKING:
    from base.settings import Settings
    from inference.sources import Progress


def obtain_detector(settings: Settings, progress: Progress = silent) -> Stock:
    """The detector, got from its sources if this machine lacks it.

    Raises:
        ModelError: It could not be got.
        NotFoundError: ``DENGTA_DETECTOR`` names no model of the shelf.
    """
    shelf = Shelf(settings.models_dir)
    return (
        shelf.ensure(settings.detector, progress) if settings.detector else shelf.default_detector(progress)
    )


def stocked_detector(settings: Settings) -> Stock:
    """The detector as it stands in the models folder; nothing is fetched.

    Raises:
        ModelError: There is none.
        NotFoundError: ``DENGTA_DETECTOR`` names no model of the shelf.
    """
    shelf = Shelf(settings.models_dir)
    names = [settings.detector] if settings.detector else shelf.default_order
    stocks = [shelf.inspect(name) for name in names]
    for stock in stocks:
        if stock.state is State.READY:
            return stock
    raise ModelError(stocks[0].detail, remedy="Get one with: dengta models fetch")
