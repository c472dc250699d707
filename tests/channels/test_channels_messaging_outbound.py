"""Replies and the set-up of Messenger and Instagram inboxes, against the stand-in on a real socket."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_network

import pytest

from channels.instagram import Instagram
from channels.messenger import SUBSCRIBED_FIELDS, Messenger
from channels.meta_sending import ERRORS
from channels.outgoing import OutgoingHttp, Timeouts
from domain.channels import ChannelCheck, ChannelKind, SendOutcome, SendResult
from domain.messages import OutboundMessage
from tests.channels.cases import INSTAGRAM_CREDENTIALS, MESSENGER_CREDENTIALS, outbound, recipient
from tests.vendors.meta_messaging import ACCOUNT, PAGE, TOKEN, MessagingApi
from tests.vendors.rest_receiver import Fault
from tests.vendors.whatsapp import error

USER = "7700112233445566"


@dataclass
class Rig:
    """One channel with its stand-in."""

    name: str
    api: MessagingApi
    http: OutgoingHttp

    @property
    def credentials(self) -> dict[str, str]:
        if self.name == "messenger":
            return MESSENGER_CREDENTIALS
        return INSTAGRAM_CREDENTIALS | ({"login": "facebook"} if self.name == "instagram by facebook" else {})

    def channel(self, url: str | None = None) -> Messenger | Instagram:
        base = url or self.api.url
        if self.name == "messenger":
            return Messenger(self.http, graph_url=base)
        nowhere = "http://127.0.0.1:1"
        if self.name == "instagram":
            return Instagram(self.http, instagram_url=base, graph_url=nowhere)
        return Instagram(self.http, instagram_url=nowhere, graph_url=base)

    async def send(self, message: OutboundMessage | None = None, to: str = USER, **changes: str) -> SendOutcome:
        kind = ChannelKind.MESSENGER if self.name == "messenger" else ChannelKind.INSTAGRAM
        return await self.channel().send(message or outbound(), recipient(to, kind), self.credentials | changes)

    async def check(self, url: str = "https://desk.example/webhooks/x/i", **changes: str) -> ChannelCheck:
        return await self.channel().check(self.credentials | changes, webhook_url=url)


@pytest.fixture(params=["messenger", "instagram", "instagram by facebook"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    limits = Timeouts(connect=2.0, read=1.0, write=2.0, pool=5.0, whole=6.0)
    async with (
        OutgoingHttp(allowed_networks=[ip_network("127.0.0.0/8")], timeouts=limits) as http,
        MessagingApi("page" if request.param == "messenger" else "instagram") as api,
    ):
        yield Rig(request.param, api, http)


async def test_a_reply_arrives_with_our_id_where_it_comes_back(rig: Rig) -> None:
    outcome = await rig.send(outbound(text="De 9 a 18 👋"))
    (message,) = rig.api.to(USER)
    assert outcome == SendOutcome(result=SendResult.SENT, provider_id=message.id)
    assert message.text == "De 9 a 18 👋"
    assert message.metadata == (outbound().id if rig.name == "messenger" else None)
    assert rig.api.calls[0].path == f"/v23.0/{PAGE if rig.name == 'messenger' else 'me'}/messages"
    assert ("messaging_type" in message.body) == (rig.name != "instagram")


async def test_quick_replies_go_along_or_their_numbers_where_they_do_not_fit(rig: Rig) -> None:
    await rig.send(outbound(quick_replies=("Envíos", "Cambios")))
    await rig.send(outbound(quick_replies=("Envíos", "¿Hacen envíos a la Antártida?")))
    assert [message.quick_replies for message in rig.api.messages] == [("Envíos", "Cambios"), ("1", "2")]


def results() -> list[tuple[int, int | None, SendResult]]:
    return [
        *((code, None, SendResult.FAILED) for code in ERRORS.permanent),
        *((code, None, SendResult.RETRY) for code in ERRORS.retryable),
        *((code, None, SendResult.UNKNOWN) for code in ERRORS.ambiguous),
        *((10, subcode, SendResult.FAILED) for subcode in ERRORS.permanent_subcodes),
        (2, 1545133, SendResult.UNKNOWN),
        (10, None, SendResult.FAILED),
        (190, 463, SendResult.RETRY),
        (200, None, SendResult.FAILED),
    ]


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(("code", "subcode", "result"), results())
async def test_a_code_means_the_same_whatever_the_status(rig: Rig, status: int, code: int, subcode: int | None, result: SendResult) -> None:
    answer = error(status, code, "no") if subcode is None else error(status, code, "no", error_subcode=subcode)
    rig.api.fault(Fault.STATUS, status=status, body=answer.body)
    outcome = await rig.send()
    assert outcome.result is result
    assert outcome.error
    assert TOKEN not in outcome.error
    assert outcome.error == ERRORS.permanent_subcodes.get(subcode or 0, outcome.error)


async def test_a_closed_window_is_told_from_a_missing_permission(rig: Rig) -> None:
    rig.api.closed.add(USER)
    assert "24 hours" in str((await rig.send()).error)
    rig.api.fault(Fault.STATUS, status=400, body=error(400, 10, "Permission denied").body)
    assert "access_token" in str((await rig.send()).error)


@pytest.mark.parametrize("fault", [Fault.ACCEPT_THEN_DROP, Fault.HALF_ANSWER, Fault.SLOW, Fault.HTML, Fault.DROP])
async def test_what_is_unclear_is_unknown_and_tried_once(rig: Rig, fault: Fault) -> None:
    rig.api.fault(fault, seconds=30, status=502)
    assert (await rig.send()).result is SendResult.UNKNOWN
    assert len(rig.api.calls) == 1


async def test_what_can_t_go_out_fails_with_words_and_is_not_cut(rig: Rig) -> None:
    longest = "x" * 2_000 if rig.name == "messenger" else "👋" * 250
    refused = {
        "too long": await rig.send(outbound(text=longest + "x")),
        "user id": await rig.send(to="buyer-31"),
        "access_token": await rig.send(access_token=""),
    }
    for words, outcome in refused.items():
        assert outcome.result is SendResult.FAILED
        assert words in str(outcome.error)
    assert not rig.api.calls
    assert (await rig.send(outbound(text=longest))).result is SendResult.SENT


async def test_an_unknown_login_is_refused() -> None:
    async with OutgoingHttp() as http:
        credentials = INSTAGRAM_CREDENTIALS | {"login": "myspace"}
        outcome = await Instagram(http).send(outbound(), recipient(USER, ChannelKind.INSTAGRAM), credentials)
    assert "login is myspace" in str(outcome.error)


async def test_a_check_names_the_account_and_has_it_deliver(rig: Rig) -> None:
    checked = await rig.check()
    assert checked.problems == ()
    assert "Galpón Norte" in checked.notes[0] or "@galpon.norte" in checked.notes[0]
    assert "messages" in rig.api.subscribed
    assert rig.name != "messenger" or rig.api.subscribed == set(SUBSCRIBED_FIELDS)


async def test_a_check_says_what_is_wrong(rig: Rig) -> None:
    own, unknown = ("page_id", "does not exist") if rig.name == "messenger" else ("account_id", f"belongs to ({ACCOUNT})")
    wrong = {
        "access_token": await rig.check(access_token="EAAother"),
        "app_secret is not set": await rig.check(app_secret=""),
        "verify_token is not set": await rig.check(verify_token=""),
        "FRONTDESK_PUBLIC_URL": await rig.check("http://127.0.0.1/webhooks"),
        unknown: await rig.check(**{own: "1"}),
    }
    if rig.name == "messenger":
        wrong["app_secret does not belong"] = await rig.check(app_secret="of another app")
    for words, checked in wrong.items():
        assert len(checked.problems) == 1
        assert words in checked.problems[0]
        assert TOKEN not in checked.problems[0]
