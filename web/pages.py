"""Templates to answers: one Jinja environment, page or part of a page from the same address."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path, PurePath
from typing import Any
from uuid import uuid4

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from domain.conversations import Section, Status
from domain.decisions import words_for
from domain.managers import Role
from domain.media import is_elsewhere
from web.assets import asset
from web.evidence import page_url
from web.listing import hue, initials
from web.readings import reading_words, use_words

VARY = "HX-Request, HX-Request-Type, HX-Target, Cookie"


@cache
def environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"asset": asset, "new_id": lambda: str(uuid4()), "ten_minutes": timedelta(minutes=10)}
    found.filters |= {
        "initials": initials,
        "elsewhere": is_elsewhere,
        "hue": hue,
        "section": Section,
        "status": Status,
        "role": Role,
        "reason_words": words_for,
        "reading_words": reading_words,
        "use_words": use_words,
        "suffix": lambda name: PurePath(name).suffix.lstrip(".").upper()[:4],
        "stem": lambda name: PurePath(name).stem,
        "cited": lambda citation: page_url(citation.document_id, citation.page, citation.quote or ""),
        "percent": lambda share: f"{share:.0%}",
        "capfirst": lambda words: words[:1].upper() + words[1:],
    }
    return found


def render(template: str, context: Mapping[str, Any]) -> str:
    return environment().get_template(template).render(context)


def wants_part(request: Request) -> bool:
    """Whether htmx asked for something smaller than the page."""
    return request.headers.get("hx-request-type") == "partial"


def target_of(request: Request) -> str:
    """The id of the element that the answer goes into; htmx sends it as `tag#id`."""
    return request.headers.get("hx-target", "").partition("#")[2]


def page(template: str, context: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`headers` are added; `Vary` is always there, because one address gives a page or a part of it."""
    return HTMLResponse(render(template, context), status, {"vary": VARY, **(headers or {})})


def error_page(request: Request, status: int, title: str, detail: str) -> Response:
    """What a person sees of an error: a page, or a notice where htmx asked for a part."""
    if "hx-request" in request.headers:
        headers = {"hx-retarget": "#notices", "hx-reswap": "innerHTML"}
        return page("components/notice.html", {"status": status, "detail": detail}, status=status, headers=headers)
    return page("error.html", {"status": status, "title": title, "detail": detail}, status=status)
