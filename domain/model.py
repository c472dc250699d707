"""The one ancestor of every model that crosses a border (Temporal payload, API, template, table)."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""A point in time; naive datetimes are refused, others are stored as UTC."""


def storable(text: str) -> str:
    """Without NUL characters, which PostgreSQL takes in no text."""
    return text.replace("\x00", "")


class Model(BaseModel):
    """Frozen; unknown fields are ignored, so that a payload of a newer release can still be read."""

    model_config = ConfigDict(frozen=True)
