"""WhatsApp's message templates: Meta's list of them, and a filled one as the Cloud API takes it."""

from collections.abc import Sequence
from typing import Any

from channels.json_body import Fields
from domain.templates import Template, TemplatePart, TemplateUse, TemplateVariable, names_in

FIELDS = "name,status,category,language,components,parameter_format"
PAGE = 50
MOST_PAGES = 10

_BUTTONS_WITHOUT_VALUES = frozenset({"QUICK_REPLY", "PHONE_NUMBER", "URL", "VOICE_CALL"})


def read_template(entry: Fields) -> Template | None:
    """None for what has no name, is not approved, or has no body."""
    parts = {part.text("type").upper(): part for part in entry.items("components")}
    name, body = entry.text("name"), parts.get("BODY", Fields({})).text("text")
    if not name or not body or entry.text("status") != "APPROVED":
        return None
    header, buttons = parts.get("HEADER", Fields({})), parts.get("BUTTONS", Fields({})).items("buttons")
    head = header.text("text") if header.text("format") == "TEXT" else ""
    examples = _examples(parts.get("BODY", Fields({})))
    variables = [TemplateVariable(part=TemplatePart.HEADER, name=gap) for gap in names_in(head)]
    variables += [TemplateVariable(part=TemplatePart.BODY, name=gap, example=examples.get(gap, "")) for gap in names_in(body)]
    for number, button in enumerate(buttons):
        variables += [TemplateVariable(part=TemplatePart.BUTTON, name=gap, button=number) for gap in names_in(button.text("url"))]
    return Template(
        name=name,
        language=entry.text("language"),
        category=entry.text("category").lower(),
        header=head,
        body=body,
        footer=parts.get("FOOTER", Fields({})).text("text"),
        buttons=tuple(button.text("text") for button in buttons),
        variables=tuple(variables),
        problem=_problem(entry, header, buttons),
    )


def _examples(body: Fields) -> dict[str, str]:
    """Numbered gaps have their examples in a list of lists, named ones in a list of pairs."""
    found = {pair.text("param_name"): pair.text("example") for pair in body.inner("example").items("body_text_named_params")}
    rows = body.inner("example").raw("body_text")
    first = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], list) else []
    return found | {str(number): value for number, value in enumerate(first, 1) if isinstance(value, str)}


def _problem(entry: Fields, header: Fields, buttons: Sequence[Fields]) -> str | None:
    if entry.text("category") == "AUTHENTICATION":
        return "it is for one-time codes"
    if header and header.text("format") != "TEXT":
        return f"its header is no text ({header.text('format').lower() or 'unknown'})"
    odd = next((button.text("type") for button in buttons if button.text("type") not in _BUTTONS_WITHOUT_VALUES), None)
    return None if odd is None else f"it has a button of the kind {odd.lower().replace('_', ' ')[:40]}"


def template_body(use: TemplateUse) -> dict[str, object]:
    """The field `template` of a message."""
    parts: list[dict[str, object]] = []
    for part in (TemplatePart.HEADER, TemplatePart.BODY):
        values = [_parameter(value.name, value.text) for value in use.values if value.part is part]
        if values:
            parts.append({"type": part.value, "parameters": values})
    parts += [
        {"type": "button", "sub_type": "url", "index": str(value.button), "parameters": [{"type": "text", "text": value.text}]}
        for value in use.values
        if value.part is TemplatePart.BUTTON
    ]
    body: dict[str, Any] = {"name": use.name, "language": {"code": use.language}}
    return {**body, "components": parts} if parts else body


def _parameter(name: str, text: str) -> dict[str, str]:
    given = {"type": "text", "text": text}
    return given if name.isdecimal() else {**given, "parameter_name": name}
