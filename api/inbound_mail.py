"""The door for managers' answers by mail: SendGrid's Inbound Parse, or whatever posts the same form."""

import hmac
import json

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.problems import BadRequest
from domain.mail import MailForm, ReceivedMail
from web.services import services

MAIL_LIMIT = 30_000_000
"""Bytes; attachments come along and are let go."""
LONGEST_FIELD = 1_000_000
FIELDS = ("headers", "from", "to", "subject", "text", "html", "envelope", "SPF", "dkim", "email")
"""What of the form is kept; `email` is the whole mail, where the service was told to post it raw."""


async def receive_mail(request: Request) -> Response:
    """`POST /webhooks/email/inbound/{secret}`. 200 once the mail is durable and its workflow is started.

    Raises NotFound's 404 for a wrong secret, BadRequest for a form without a mail, EngineUnavailable: then the service posts it again.
    """
    house = services(request)
    secret = house.telling.inbound_secret
    if not secret or not hmac.compare_digest(request.path_params["secret"].encode(), secret.encode()):
        raise HTTPException(404, "There is no such address.")
    async with request.form(max_files=100, max_fields=100, max_part_size=LONGEST_FIELD) as form:
        fields = {name: text for name in FIELDS if (text := await _text(form.get(name)))}
    if not fields.keys() & {"email", "headers"}:
        raise BadRequest("This is no mail: the form has neither `email` nor `headers`")
    mail_id = await house.telling.mail.keep(ReceivedMail(form=MailForm.FIELDS, content=json.dumps(fields).encode()))
    await house.gateway.answer_by_mail(mail_id)
    return Response()


async def _text(value: UploadFile | str | None) -> str:
    if isinstance(value, UploadFile):
        return (await value.read(LONGEST_FIELD)).decode("utf-8", "replace")
    return value or ""
