"""Inboxes: listing them, and adding one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field, StringConstraints

from api.keys import Admin, Door, Reader
from api.openapi import PREFIX, problems
from domain.channels import ChannelKind, webhook_path
from domain.errors import InvalidInput
from domain.managers import Inbox
from domain.model import Model
from domain.rule_trial import RuleTrial
from domain.templates import Template
from storage.inbox_settings import changed_policy, split
from storage.pages import Page
from storage.past import try_on_the_past
from web.message_templates import templates_of

router = APIRouter(prefix=f"{PREFIX}/inboxes", tags=["inboxes"])

Setting = str | bool | int | float


class InboxDetail(Inbox):
    webhook_url: str = Field(description="What the vendor or the sender is told.")
    chat_url: str | None = Field(default=None, description="The chat page; only of a webchat inbox.")


class NewInbox(InboxDetail):
    generated: dict[str, str] = Field(description="Secrets that were made up because none were given. Shown now and never again.")


class InboxBody(Model):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "channel": "rest",
                    "name": "Our web shop",
                    "id": "shop",
                    "settings": {"callback_url": "https://shop.example/replies", "quiet_window_seconds": 1.5},
                }
            ]
        },
    )

    channel: ChannelKind
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    id: str | None = Field(default=None, max_length=64, description="A slug for URLs; made from the name when it is left out.")
    settings: dict[str, Setting] = Field(
        default_factory=dict, description="The channel's settings and the policy's, under the names that `inbox add --set` takes."
    )


@router.get("", responses=problems(), summary="List inboxes")
async def list_inboxes(door: Door, caller: Reader) -> Page[InboxDetail]:
    """Without their secrets, and so without the last part of an address that is one."""
    found = await door.inboxes.list()
    return Page(items=tuple(InboxDetail(**_addressed(inbox, door.public_url, {})) for inbox in found), next_cursor=None)


@router.post("", status_code=201, responses=problems(400, 403, 409), summary="Add an inbox")
async def add_inbox(door: Door, caller: Admin, body: InboxBody) -> NewInbox:
    """Needs the role admin. What `settings` may name depends on the channel; an unknown name is refused with the known ones."""
    channel = door.channels.get(body.channel)
    if channel is None:
        raise InvalidInput(f"channel: {body.channel.value} is not available; available: {', '.join(sorted(door.channels))}")
    given = {name: _as_text(value) for name, value in body.settings.items()}
    inbox = await door.inboxes.add(body.channel, body.name, inbox_id=body.id, settings=given)
    credentials = await door.inboxes.credentials(inbox.id)
    made_up = {name: credentials[name] for name in channel.features.secret_settings if name in credentials and name not in given}
    return NewInbox(**_addressed(inbox, door.public_url, credentials), generated=made_up)


@router.get("/{inbox_id}/templates", responses=problems(404, 502), summary="An inbox's approved templates")
async def list_templates(door: Door, caller: Reader, inbox_id: str) -> Page[Template]:
    """Asks the vendor. Each variable's `key` names its value in a reply; one with a `problem` can't be sent from here."""
    return Page(items=tuple(await templates_of(door, inbox_id)), next_cursor=None)


class TrialBody(Model):
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"settings": {"upset_threshold": 0.3}}]})

    settings: dict[str, Setting] = Field(description="The policy's fields to try, under the names that `inbox set` takes.")


@router.post("/{inbox_id}/try", responses=problems(400, 403, 404), summary="Try other rules on the last 30 days")
async def try_settings(door: Door, caller: Admin, inbox_id: str, body: TrialBody) -> RuleTrial:
    """Needs the role admin. Saves nothing: says which conversations the rules would have handed over to a person, beside those that
    the rules as they are hand over. Looks at the newest 500."""
    inbox = await door.inboxes.get(inbox_id)
    _, given = split({name: _as_text(value) for name, value in body.settings.items()}, door.channels[inbox.channel].features)
    policy = changed_policy(inbox.policy, given)
    return await try_on_the_past(door.db, inbox, policy, now=datetime.now(UTC))


def _as_text(value: Setting) -> str:
    """As `--set` would have it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _addressed(inbox: Inbox, public_url: str, credentials: Mapping[str, str]) -> dict[str, object]:
    chat_url = f"{public_url}/chat/{inbox.id}" if inbox.channel is ChannelKind.WEBCHAT else None
    return {**dict(inbox), "webhook_url": public_url + webhook_path(inbox.channel, inbox.id, credentials), "chat_url": chat_url}
