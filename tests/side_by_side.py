"""How tests are shared out between processes: a file stays together, and whole systems run one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

WHOLE = ("tests/system/", "tests/browser/")
"""Tests that start all of Dengta, or a browser: two at once would only wait for each other."""


class FileByFile(LoadScopeScheduling):
    """Whole files to whoever is free, in the order of collection; all of :data:`WHOLE` to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return "whole systems" if nodeid.startswith(WHOLE) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileByFile:
    return FileByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that nobody waits for it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(WHOLE))
