"""What the schedule does whichever channels there are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import update
from temporalio.client import Client

from domain.channels import ChannelKind
from storage import events
from storage.tables import events as rows
from tests.channels.shop import running
from workflows.upkeep import KeepChannelsUp

pytestmark = pytest.mark.engine


async def test_changes_are_kept_for_a_day(temporal: Client, database_url: str, tmp_path: Path) -> None:
    async with running(temporal, database_url, tmp_path, ChannelKind.REST, {"secret": "a secret of thirty-two characters"}) as shop:
        db, before = shop.stores.db, await shop.stores.events.head()
        async with db.write() as connection:
            await events.append(db, connection, *["conversation"] * 4)
        _, day_old, nearly_a_day_old, new = [event.id for event in await shop.stores.events.since(before)]
        now = datetime.now(UTC)
        async with db.write() as connection:
            await connection.execute(update(rows).where(rows.c.id <= day_old).values(at=now - timedelta(hours=24)))
            await connection.execute(update(rows).where(rows.c.id == nearly_a_day_old).values(at=now - timedelta(hours=23)))
        assert await temporal.execute_workflow(KeepChannelsUp.run, id=f"keep-{uuid4()}", task_queue=shop.gateway._task_queue) == 0
        assert [event.id for event in await shop.stores.events.since(0)] == [nearly_a_day_old, new]
