"""The contract that every channel passes. A new channel is added by its case, nothing here changes."""

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.exchange import Reply
from channels.registry import FEATURES, build_channels
from domain.channels import ChannelKind, WebhookRequest
from domain.errors import AuthenticityError, InvalidInput
from domain.ids import inbound_message_id
from domain.messages import Arrival, DeliveryReceipt, Echo, Ignored, InboundEvent, ResourceChanged
from domain.ports import Channel
from domain.windows import TEMPLATE_CHANNELS, WINDOW_HOURS
from tests.channels.cases import CASES, NOW, Case, inbox


class NoHttp:
    """Stands in for the client where nothing may be called."""

    async def request(self, method: str, url: str, *, headers: object, content: bytes = b"") -> Reply:
        raise AssertionError(f"{method} {url} was called")


CHANNELS = build_channels(NoHttp())
WEBHOOK_CASES = [case for case in CASES if case.signed is not None]


def test_a_channels_window_and_templates_are_those_that_the_rules_know() -> None:
    assert {kind: features.window_hours for kind, features in FEATURES.items() if features.window_hours is not None} == WINDOW_HOURS
    assert {kind for kind, features in FEATURES.items() if features.templates} == TEMPLATE_CHANNELS


def channel_of(case: Case) -> Channel:
    return CHANNELS[case.kind]


def request_of(case: Case, body: bytes, at: float = NOW) -> WebhookRequest:
    assert case.signed is not None
    return case.signed(body, at)


def name_of(value: object) -> str:
    return value.kind.value if isinstance(value, Case) else str(value)


def bodies() -> Iterator[object]:
    for case in WEBHOOK_CASES:
        for name, body in case.fixtures().items():
            yield pytest.param(case, body, id=f"{case.kind.value}-{name}")


def malformed() -> Iterator[object]:
    for case in WEBHOOK_CASES:
        for name, body in case.malformed.items():
            yield pytest.param(case, name, body, id=f"{case.kind.value}-{name}")


def test_every_channel_has_features_an_instance_and_a_case() -> None:
    assert set(FEATURES) == set(CHANNELS) == {case.kind for case in CASES}
    assert all(CHANNELS[kind].features is FEATURES[kind] and CHANNELS[kind].kind is kind for kind in FEATURES)


@pytest.mark.parametrize("kind", FEATURES, ids=str)
def test_features_are_consistent(kind: ChannelKind) -> None:
    features = FEATURES[kind]
    assert features.label
    assert len(set(features.settings)) == len(features.settings)
    assert set(features.secret_settings) <= set(features.settings)
    assert set(features.required_settings) <= set(features.settings)
    assert features.max_text >= 350
    assert features.window_hours is None or features.window_hours > 0


@pytest.mark.parametrize("case", [case for case in CASES if case.signed is None], ids=name_of)
def test_a_channel_without_webhooks_refuses_every_request(case: Case) -> None:
    request = WebhookRequest(method="POST", url="https://x.example/webhooks", headers={}, query={}, body=b"{}")
    with pytest.raises(AuthenticityError):
        channel_of(case).verify(request, case.credentials, now=NOW)
    with pytest.raises(InvalidInput):
        channel_of(case).parse(request, case.inbox, now=NOW)


@pytest.mark.parametrize(("case", "body"), list(bodies()))
def test_a_signed_request_is_let_in_and_read(case: Case, body: bytes) -> None:
    request = request_of(case, body)
    channel_of(case).verify(request, case.credentials, now=NOW)
    assert channel_of(case).parse(request, case.inbox, now=NOW)


@pytest.mark.parametrize(("case", "body"), list(bodies()))
def test_ids_and_hashes_are_the_same_at_every_delivery(case: Case, body: bytes) -> None:
    first = channel_of(case).parse(request_of(case, body), case.inbox, now=NOW)
    again = channel_of(case).parse(request_of(case, body, NOW + 60), case.inbox, now=NOW + 60)
    for one, other in zip(first, again, strict=True):
        if isinstance(one, Arrival) and isinstance(other, Arrival):
            assert (one.message.id, one.body_hash, one.address) == (other.message.id, other.body_hash, other.address)
            assert one.message.id == inbound_message_id(case.inbox.id, one.message.kind, one.message.provider_id)
            elsewhere = channel_of(case).parse(request_of(case, body), inbox(case.kind, "another-inbox"), now=NOW)
            assert one.message.id not in {event.message.id for event in elsewhere if isinstance(event, Arrival)}


@pytest.mark.parametrize("case", WEBHOOK_CASES, ids=name_of)
def test_a_request_is_refused_when_it_proves_nothing(case: Case) -> None:
    channel, body = channel_of(case), next(iter(case.fixtures().values()))
    request = request_of(case, body)
    without_proof = request.model_copy(update=dict(case.bare))
    tampered = request.model_copy(update={"body": body + b" "})
    secretless = {name: value for name, value in case.credentials.items() if name not in channel.features.secret_settings}

    with pytest.raises(AuthenticityError) as missing:
        channel.verify(without_proof, case.credentials, now=NOW)
    assert missing.value.missing
    tried = [(request, secretless), (request, case.wrong_credentials), *([(tampered, case.credentials)] if case.signs_body else [])]
    for refused, credentials in tried:
        with pytest.raises(AuthenticityError) as wrong:
            channel.verify(refused, credentials, now=NOW)
        assert not wrong.value.missing


@pytest.mark.parametrize("case", [case for case in WEBHOOK_CASES if case.timestamped], ids=name_of)
@pytest.mark.parametrize(("seconds", "let_in"), [(0, True), (299, True), (-299, True), (301, False), (-301, False), (7 * 86_400, False)])
def test_an_old_or_early_request_is_refused(case: Case, seconds: float, let_in: bool) -> None:
    request = request_of(case, next(iter(case.fixtures().values())), NOW)
    if let_in:
        channel_of(case).verify(request, case.credentials, now=NOW + seconds)
    else:
        with pytest.raises(AuthenticityError):
            channel_of(case).verify(request, case.credentials, now=NOW + seconds)


@pytest.mark.parametrize(("case", "name", "body"), list(malformed()))
def test_an_unreadable_body_is_refused_by_the_name_of_what_is_wrong(case: Case, name: str, body: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        channel_of(case).parse(request_of(case, body), case.inbox, now=NOW)
    where, colon, _ = name.partition(":")
    if colon:
        assert str(refused.value).startswith(f"{where}:"), refused.value


_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("case", WEBHOOK_CASES, ids=name_of)
@given(data=st.data())
def test_no_json_whatever_crashes_the_reader(case: Case, data: st.DataObject) -> None:
    """Starts from real bodies and puts anything anywhere into them."""
    body = json.loads(data.draw(st.sampled_from(list(case.fixtures().values()))))
    anything = data.draw(_ANY_JSON)
    spot = data.draw(st.sampled_from([None, *_spots(body)]))
    changed = anything if spot is None else _replaced(body, spot, anything)
    try:
        events = channel_of(case).parse(request_of(case, json.dumps(changed).encode()), case.inbox, now=NOW)
    except InvalidInput:
        return
    for event in events:
        event.model_dump_json().encode()


@pytest.mark.parametrize("case", WEBHOOK_CASES, ids=name_of)
@given(body=st.binary(max_size=200))
def test_no_bytes_whatever_crash_the_reader(case: Case, body: bytes) -> None:
    with suppress(InvalidInput):
        channel_of(case).parse(request_of(case, body), case.inbox, now=NOW)


@pytest.mark.parametrize("case", WEBHOOK_CASES, ids=name_of)
@settings(max_examples=max(200, settings().max_examples))
@given(data=st.data())
def test_duplicated_and_reordered_deliveries_are_the_same_set_of_messages(case: Case, data: st.DataObject) -> None:
    once = list(case.fixtures().values())
    delivered = data.draw(st.lists(st.sampled_from(once), max_size=6)) + once
    shuffled = data.draw(st.permutations(delivered))
    assert _identities(case, shuffled) == _identities(case, once)


@pytest.mark.parametrize("case", WEBHOOK_CASES, ids=name_of)
@given(name=st.text(max_size=20), value=st.text(st.characters(codec=None), max_size=60))
def test_no_header_whatever_crashes_the_check(case: Case, name: str, value: str) -> None:
    request = request_of(case, next(iter(case.fixtures().values())))
    for header in [*request.headers, name]:
        if header == "content-type":
            continue
        forged = request.model_copy(update={"headers": dict(request.headers) | {header: value}})
        try:
            channel_of(case).verify(forged, case.credentials, now=NOW)
        except AuthenticityError:
            continue
        assert header == name or value.strip() in request.headers[header] or request.headers[header] in value


def _identities(case: Case, deliveries: list[bytes]) -> set[tuple[str, ...]]:
    events = [event for body in deliveries for event in channel_of(case).parse(request_of(case, body), case.inbox, now=NOW)]
    return {_identity(event) for event in events}


def _identity(event: InboundEvent) -> tuple[str, ...]:
    match event:
        case Arrival():
            return (event.address, event.message.id, event.body_hash)
        case DeliveryReceipt():
            return (event.message_id or "", event.provider_id or "", event.state, event.error or "", event.at.isoformat())
        case Echo():
            return (event.address, event.provider_id, event.text, event.at.isoformat())
        case Ignored():
            return (event.reason,)
        case ResourceChanged():
            return (event.topic, event.resource, *event.actions)


def _spots(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return [spot for key, child in children for spot in [(*path, key), *_spots(child, (*path, key))]]


def _replaced(value: object, path: tuple[str | int, ...], new: object) -> object:
    if not path:
        return new
    if isinstance(value, dict):
        return {key: _replaced(item, path[1:], new) if key == path[0] else item for key, item in value.items()}
    assert isinstance(value, list)
    return [_replaced(item, path[1:], new) if index == path[0] else item for index, item in enumerate(value)]
