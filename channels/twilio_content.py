"""Twilio's Content templates: the list with WhatsApp's approvals, and a filled one as the Messages API takes it."""

import json

from channels.json_body import Fields
from domain.templates import Template, TemplatePart, TemplateUse, TemplateVariable, names_in

PATH = "/v1/ContentAndApprovals"
PAGE = 100

_TEXTS = ("twilio/text", "twilio/quick-reply", "twilio/call-to-action", "twilio/card", "whatsapp/card")
"""Kinds whose words are known, first match wins."""


def read_content(entry: Fields) -> Template | None:
    """None for what has no id or no words, or that WhatsApp has not approved."""
    sid, types = entry.text("sid"), entry.inner("types")
    kind = next((name for name in _TEXTS if name in types), None)
    approval = entry.inner("approval_requests")
    if not sid or kind is None or approval.text("status") != "approved":
        return None
    inner, examples = types.inner(kind), entry.inner("variables")
    body = inner.text("body") or inner.text("title")
    gaps = names_in(body)
    hidden = [name for name in examples.names() if name not in gaps]
    return Template(
        name=sid,
        title=entry.text("friendly_name"),
        language=entry.text("language"),
        category=approval.text("category").lower(),
        body=body,
        footer=inner.text("footer"),
        buttons=tuple(action.text("title") for action in inner.items("actions")),
        variables=tuple(TemplateVariable(part=TemplatePart.BODY, name=name, example=examples.text(name)) for name in (*gaps, *hidden)),
        problem=None if body else "it has no text",
    )


def content_form(use: TemplateUse) -> dict[str, str]:
    """The fields of a message that are sent instead of Body."""
    form = {"ContentSid": use.name}
    if use.values:
        form["ContentVariables"] = json.dumps({value.name: value.text for value in use.values}, ensure_ascii=False)
    return form
