from collections.abc import Sequence

import pytest

from domain.errors import NotTold
from domain.managers import Manager
from domain.turns import Notice
from notifications.rungs import Rungs
from tests.notifications.people import INES, LINK, notice


class RecordingNotifier:
    def __init__(self) -> None:
        self.told: list[str] = []

    async def tell(self, notice: Notice, people: Sequence[Manager], *, link: str) -> None:
        self.told.extend(f"{notice.rung} {person.id} {link}" for person in people)


async def test_each_rung_goes_its_own_way() -> None:
    mail, sms = RecordingNotifier(), RecordingNotifier()
    await Rungs({"email": mail, "sms": sms}).tell(notice("sms"), [INES], link=LINK)
    assert mail.told == []
    assert sms.told == [f"sms m-ines {LINK}"]


async def test_a_rung_that_is_not_set_up_says_what_to_set() -> None:
    with pytest.raises(NotTold, match="FRONTDESK_SMTP_URL") as failure:
        await Rungs({}).tell(notice("email"), [INES], link=LINK)
    assert not failure.value.retryable
