"""Twilio Verify's side: one service, codes that are sent, checked, spent and limited as the real one does."""

import base64
import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from tests.vendors.vendor_server import Answer, Call, VendorServer

ACCOUNT, TOKEN, SERVICE = "AC00aa11bb22cc33dd44ee55ff66aa77bb", "9f8e7d6c5b4a39281706f5e4d3c2b1a0", "VA0123456789abcdef0123456789abcdef"
MOST_SENDS = MOST_CHECKS = 5


@dataclass
class Verification:
    code: str
    sends: int = 0
    checks: int = 0


class VerifyApi(VendorServer):
    """`landlines` take no SMS. A code is six digits, the same for a number until it is spent or `expire`d."""

    def __init__(self) -> None:
        super().__init__()
        self.pending: dict[str, Verification] = {}
        self.landlines: set[str] = set()
        self.locales: list[str] = []
        self._numbers = 100_000

    def code_of(self, phone: str) -> str:
        return self.pending[phone].code

    def expire(self, phone: str) -> None:
        del self.pending[phone]

    def answer(self, call: Call) -> Answer:
        match = re.fullmatch(rf"/v2/Services/{SERVICE}/(Verifications|VerificationCheck)", call.path)
        if match is None or call.method != "POST":
            return self._wrong(f"{call.method} {call.path}: not in the contract")
        if call.headers.get("authorization") != "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode():
            return _error(401, 20003)
        if call.headers.get("content-type") != "application/x-www-form-urlencoded":
            return self._wrong("a form is expected")
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        return self._start(form) if match[1] == "Verifications" else self._check(form)

    def _start(self, form: dict[str, str]) -> Answer:
        if set(form) - {"To", "Channel", "Locale"} or form.get("Channel") != "sms":
            return self._wrong(f"Verifications: {sorted(form)}")
        phone = form.get("To", "")
        if not re.fullmatch(r"\+[1-9]\d{7,14}", phone) or phone in self.landlines:
            return _error(400, 60200)
        self._numbers += 7
        verification = self.pending.setdefault(phone, Verification(str(self._numbers)))
        if verification.sends == MOST_SENDS:
            return _error(429, 60203)
        verification.sends += 1
        self.locales.append(form.get("Locale", ""))
        return Answer(
            201, {"sid": "VE" + "0" * 32, "service_sid": SERVICE, "to": phone, "channel": "sms", "status": "pending", "valid": False}
        )

    def _check(self, form: dict[str, str]) -> Answer:
        if set(form) != {"To", "Code"} or not re.fullmatch(r"\d{4,10}", form["Code"]):
            return self._wrong(f"VerificationCheck: {sorted(form)}")
        verification = self.pending.get(form["To"])
        if verification is None:
            return _error(404, 20404)
        if verification.checks == MOST_CHECKS:
            return _error(429, 60202)
        verification.checks += 1
        right = verification.code == form["Code"]
        if right:
            del self.pending[form["To"]]
        return Answer(200, {"sid": "VE" + "0" * 32, "to": form["To"], "status": "approved" if right else "pending", "valid": right})

    def _wrong(self, words: str) -> Answer:
        self.violation(words)
        return _error(400, 60200)


def _error(status: int, code: int) -> Answer:
    return Answer(
        status, {"code": code, "message": "No, says Twilio", "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}
    )
