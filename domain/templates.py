"""Message templates that a vendor has approved: the one thing that may go out when a window is closed."""

import re
from collections.abc import Mapping
from enum import StrEnum

from domain.errors import InvalidInput
from domain.model import Model

LONGEST_VALUE = 500
"""Characters of one filled-in variable."""

_VARIABLE = re.compile(r"\{\{\s*(\w{1,60})\s*\}\}")


class TemplatePart(StrEnum):
    HEADER = "header"
    BODY = "body"
    BUTTON = "button"


class TemplateVariable(Model):
    """A gap in a template. `key` names it in forms and in the API."""

    part: TemplatePart
    name: str
    """The vendor's: a number, or a word."""
    button: int = 0
    """Which button, counted from 0."""
    example: str = ""

    @property
    def key(self) -> str:
        match self.part:
            case TemplatePart.BODY:
                return self.name
            case TemplatePart.HEADER:
                return f"header_{self.name}"
            case TemplatePart.BUTTON:
                return f"button_{self.button}_{self.name}"


class Template(Model):
    name: str
    """What the vendor calls it."""
    title: str = ""
    """What people call it, where that is something else."""
    language: str
    category: str = ""
    header: str = ""
    body: str
    footer: str = ""
    buttons: tuple[str, ...] = ()
    variables: tuple[TemplateVariable, ...] = ()
    problem: str | None = None
    """Why it can't be sent from here; None if it can."""


class TemplateValue(Model):
    part: TemplatePart
    name: str
    button: int = 0
    text: str


class TemplateUse(Model):
    """A template with its gaps filled: what a channel sends."""

    name: str
    language: str
    values: tuple[TemplateValue, ...] = ()


def names_in(text: str) -> tuple[str, ...]:
    """The gaps of a text, in order, each once."""
    return tuple(dict.fromkeys(_VARIABLE.findall(text)))


def filled(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda gap: values.get(gap[1], gap[0]), text)


def fill(template: Template, values: Mapping[str, str]) -> tuple[TemplateUse, str]:
    """The filled template and the text that the customer will read. Raises InvalidInput naming the gaps that are left."""
    if template.problem is not None:
        raise InvalidInput(f"The template {template.title or template.name} can't be sent from here: {template.problem}")
    # Vendors refuse line breaks and rows of spaces inside a variable.
    given = {name: " ".join(value.split()) for name, value in values.items()}
    missing = [variable.key for variable in template.variables if not given.get(variable.key)]
    if missing:
        raise InvalidInput(f"The template {template.title or template.name} needs a value for: {', '.join(missing)}")
    if too_long := [variable.key for variable in template.variables if len(given[variable.key]) > LONGEST_VALUE]:
        raise InvalidInput(f"At most {LONGEST_VALUE} characters fit into: {', '.join(too_long)}")
    used = tuple(
        TemplateValue(part=variable.part, name=variable.name, button=variable.button, text=given[variable.key])
        for variable in template.variables
    )
    words = {part: {value.name: value.text for value in used if value.part is part} for part in TemplatePart}
    parts = (filled(template.header, words[TemplatePart.HEADER]), filled(template.body, words[TemplatePart.BODY]), template.footer)
    return TemplateUse(name=template.name, language=template.language, values=used), "\n\n".join(part for part in parts if part)
