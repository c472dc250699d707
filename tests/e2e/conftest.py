"""Products and browsers that are surely ended."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.product import Product, product_in


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """One for a module's tests, on an empty data directory; a test starts it, and may find it started."""
    home: Path = tmp_path_factory.mktemp("product")
    async with product_in(home) as found:
        yield found
