"""Messages per second and latencies of the product, through its REST inbox."""

import contextlib
import json
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

from temporalio.client import Client

from bench.customers import Customers
from bench.history import with_history
from bench.loop import Level, measure
from bench.product import Product, running_product
from gateway import open_client
from supervisor import ROOT

QUESTIONS = ROOT / "examples" / "questions.jsonl"
CONVERSATIONS = 100
SUBJECT = "product"
DRIVER = "driver"


class ProductBench:
    def __init__(self, product: Product, customers: Customers, engine: Client) -> None:
        self.product = product
        self._customers = customers
        self._engine = engine

    async def level(self, concurrency: int, *, messages: int, seconds: float) -> Level:
        """Raises NotMeasured."""
        level = await measure(
            SUBJECT,
            self._customers.ask,
            concurrency=concurrency,
            messages=messages,
            conversations=CONVERSATIONS,
            seconds=seconds,
            processes={**self.product.processes, DRIVER: os.getpid()},
            not_counted=DRIVER,
        )
        return await with_history(self._engine, level, "Conversation")


@contextlib.asynccontextmanager
async def product_bench(directory: Path) -> AsyncIterator[ProductBench]:
    """Raises NotMeasured if the product does not come up."""
    secret = secrets.token_urlsafe(32)
    async with (
        Customers(secret, _questions()) as customers,
        running_product(directory, callback_url=customers.callback_url, secret=secret) as product,
    ):
        customers.write_to(product.host, product.port, product.webhook_path)
        yield ProductBench(product, customers, await open_client(product.engine_address, "default"))


def _questions() -> list[str]:
    """Those that the handbook answers."""
    lines = [json.loads(line) for line in QUESTIONS.read_text().splitlines()]
    return [line["question"] for line in lines if line["answerable"]]
