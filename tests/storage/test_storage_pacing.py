"""How fast messages may leave, on both databases, with several workers at once."""

import asyncio

import pytest

from domain.channels import RateLimit
from storage.database import Database
from storage.pacing import Pacing

EACH_SECOND = (RateLimit(count=1, seconds=1, per_receiver=True),)
BURSTS = (RateLimit(count=3, seconds=30, per_receiver=True), RateLimit(count=5, seconds=5))


@pytest.fixture
def pacing(db: Database) -> Pacing:
    return Pacing(db)


async def test_ten_at_once_get_ten_places_a_second_apart(pacing: Pacing) -> None:
    waits = sorted(await asyncio.gather(*(pacing.wait(f"m-{number}", "inbox", "ema", EACH_SECOND) for number in range(10))))
    assert waits[0] == 0.0
    assert all(abs(wait - number) < 0.6 for number, wait in enumerate(waits))


async def test_a_place_is_kept_and_whoever_comes_later_stands_behind(pacing: Pacing) -> None:
    assert await pacing.wait("first", "inbox", "ema", EACH_SECOND) == 0.0
    second = await pacing.wait("second", "inbox", "ema", EACH_SECOND)
    again = await pacing.wait("second", "inbox", "ema", EACH_SECOND)
    assert 0 < again <= second
    assert await pacing.wait("third", "inbox", "ema", EACH_SECOND) > again
    assert await pacing.wait("other", "inbox", "luis", EACH_SECOND) == 0.0
    assert await pacing.wait("elsewhere", "another-inbox", "ema", EACH_SECOND) == 0.0


async def test_a_place_comes_up(pacing: Pacing) -> None:
    quick = (RateLimit(count=1, seconds=0.2, per_receiver=True),)
    await pacing.wait("first", "inbox", "ema", quick)
    waits = [await pacing.wait("second", "inbox", "ema", quick)]
    async with asyncio.timeout(20):
        while waits[-1] > 0:
            await asyncio.sleep(waits[-1])
            waits.append(await pacing.wait("second", "inbox", "ema", quick))
    assert len(waits) >= 2


async def test_a_few_pass_at_once_and_then_every_limit_counts(pacing: Pacing) -> None:
    waits = [await pacing.wait(f"ema-{number}", "inbox", "ema", BURSTS) for number in range(4)]
    assert waits[:3] == [0.0, 0.0, 0.0]
    assert 8 < waits[3] <= 10, "one in ten seconds after the first three"
    others = [await pacing.wait(f"other-{number}", "inbox", f"customer-{number}", BURSTS) for number in range(6)]
    assert others[0] == 0.0
    assert max(others) > 0, "the inbox has a limit of its own"
