"""A stand-in for Twilio's Messages resource on a real socket: checks sign-in and form, then answers as it is told."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.vendors.serving import serving

ACCOUNT_SID = "AC0123456789abcdef0123456789abcdef"
AUTH_TOKEN = "f00dfeedf00dfeedf00dfeedf00dfeed"


@dataclass
class TwilioSms:
    """`answers` are given out one a request, first to last; when they are used up, a message is accepted."""

    base_url: str = ""
    answers: list[tuple[int, dict[str, object], dict[str, str]]] = field(default_factory=list)
    accepted: list[dict[str, str]] = field(default_factory=list)
    requests: int = 0

    async def messages(self, request: Request) -> Response:
        self.requests += 1
        expected = "Basic " + base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        if request.headers.get("authorization") != expected or request.path_params["account"] != ACCOUNT_SID:
            return JSONResponse({"code": 20003, "message": "Authenticate", "status": 401}, status_code=401)
        if self.answers:
            status, body, headers = self.answers.pop(0)
            return JSONResponse(body, status_code=status, headers=headers)
        if request.headers.get("content-type") != "application/x-www-form-urlencoded":
            return JSONResponse({"code": 20001, "message": "Form expected", "status": 400}, status_code=400)
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if not form.get("To", "").startswith("+") or not form.get("Body") or ("From" in form) == ("MessagingServiceSid" in form):
            return JSONResponse({"code": 21604, "message": f"bad form {json.dumps(form)}", "status": 400}, status_code=400)
        self.accepted.append(form)
        return JSONResponse({"sid": f"SM{len(self.accepted):032d}", "status": "queued", "to": form["To"]}, status_code=201)


@asynccontextmanager
async def twilio_sms() -> AsyncIterator[TwilioSms]:
    service = TwilioSms()
    app = Starlette(routes=[Route("/2010-04-01/Accounts/{account}/Messages.json", service.messages, methods=["POST"])])
    async with serving(app) as service.base_url:
        yield service
