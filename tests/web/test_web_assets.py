"""The files behind the pages: the listed ones, small, kept for ever, readable in both themes."""

import re

import pytest

from scripts.vendor import problems
from tests.web.conftest import Browser
from web.assets import STATIC, asset, catalogue

TOKENS = (STATIC / "css/tokens.css").read_text()

TEXT_PAIRS = """
ink surface, ink canvas, ink2 surface, ink2 canvas, ink3 surface, ink3 canvas, ink3 sunken, ink3 hover, ink3 accentsoft, ink2 active,
ink3 raised, onaccent accent, onaccent accenth, accentink surface, accentink accentsoft, accentink canvas, ink accentsoft, bot surface,
bot botsoft, bot botbubble, ink botbubble, ink2 botsoft, flag surface, flag flagsoft, flag accentsoft, onaccent flagsolid, ink flagsoft,
ink2 flagsoft, note notesoft, ink notesoft, danger surface, danger dangersoft, ok surface, ok oksoft, ink hl, ink3 active,
hue0-ink hue0, hue1-ink hue1, hue2-ink hue2, hue3-ink hue3, hue4-ink hue4, hue5-ink hue5, hue6-ink hue6, hue7-ink hue7
"""
OTHER_PAIRS = "control surface, focus surface, focus canvas, c2 surface"


def _colours() -> dict[str, tuple[str, str]]:
    return {name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", TOKENS)}


def _luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT_PAIRS, 4.5), (OTHER_PAIRS, 3.0)], ids=["text", "marks"])
def test_colours_stand_out_from_their_ground(pairs: str, least: float, theme: int) -> None:
    colours = _colours()
    weak = {}
    for pair in pairs.replace("\n", " ").split(","):
        text, ground = pair.split()
        if (ratio := _contrast(colours[text][theme], colours[ground][theme])) < least:
            weak[pair.strip()] = round(ratio, 2)
    assert weak == {}


def test_third_party_files_are_the_listed_ones() -> None:
    assert problems() == []


def test_budgets_hold() -> None:
    sizes = {name: len(item.gzipped or item.content) for name, item in catalogue().items()}
    assert sizes["app.css"] <= 15_000
    assert sizes["app.js"] + sizes["htmx.js"] + sizes["start.js"] <= 30_000
    assert sizes["icons.svg"] <= 5_000


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    templates = "".join(path.read_text() for path in (STATIC.parent / "templates").rglob("*.html") if "chat" not in path.parts)
    named = set(re.findall(r'icon\("([\w-]+)"', templates))
    assert named - sprite == set()


async def test_an_address_with_its_hash_is_kept_for_ever(browser: Browser) -> None:
    client = await browser(None)
    found = await client.get(asset("app.css"), headers={"accept-encoding": "gzip"})
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert found.headers["content-encoding"] == "gzip"
    assert "asset:" not in found.text
    for address in re.findall(r"url\((/static/[^)]+)\)", found.text):
        assert (await client.get(address)).status_code == 200
    again = await client.get(asset("app.css"), headers={"if-none-match": found.headers["etag"]})
    assert again.status_code == 304


async def test_an_old_address_is_not_answered_with_new_content(browser: Browser) -> None:
    client = await browser(None)
    assert (await client.get("/static/app.000000000000.css")).status_code == 404
    assert (await client.get("/static/../pages.py")).status_code == 404
