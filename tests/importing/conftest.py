"""The small city in a fresh store, for imports into it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from small_city import SmallCity, make_small_city

from base.database import Database
from base.seal import Sealer


@pytest.fixture
async def city(database: Database) -> AsyncIterator[SmallCity]:
    async with database.raw() as connection:
        yield await make_small_city(connection)


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return Sealer(tmp_path / "keys")
