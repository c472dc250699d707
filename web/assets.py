"""The dashboard's files: bundled, named by their content, compressed once, served for ever.

`asset("app.css")` is the address to link. A bundle is a list of parts joined in order; a stylesheet names another asset as
`asset:NAME`. Everything below `static/` that is no part of a bundle can be linked by its path there.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

STATIC = Path(__file__).parent / "static"

BUNDLES = {
    "app.css": tuple(
        f"css/{part}.css" for part in ("reset", "tokens", "base", "layout", "parts", "list", "thread", "composer", "panel", "pages")
    ),
    "htmx.js": ("vendor/htmx.min.js", "vendor/hx-sse.min.js"),
    "start.js": ("js/start.js",),
    "app.js": tuple(f"js/{part}.js" for part in ("live", "panes", "composer", "presence", "keys", "upload", "alerts")),
}
"""Name of a bundle -> its parts, in order."""

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}
_COMPRESSED = frozenset({".css", ".js", ".svg", ".txt", ".webmanifest"})
_REFERENCE = re.compile(rb"asset:([\w./-]+)")
_YEAR = 31_536_000


@dataclass(frozen=True)
class Asset:
    url: str
    content: bytes
    gzipped: bytes | None
    media_type: str
    etag: str


def _build(name: str, content: bytes) -> Asset:
    path = PurePosixPath(name)
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Asset(
        url=f"/static/{path.with_name(f'{path.stem}.{digest}{path.suffix}')}",
        content=content,
        gzipped=gzip.compress(content, 9, mtime=0) if path.suffix in _COMPRESSED else None,
        media_type=TYPES[path.suffix],
        etag=f'"{digest}"',
    )


@cache
def catalogue() -> Mapping[str, Asset]:
    """Every asset by its name. Read once per process."""
    parts = {part for bundle in BUNDLES.values() for part in bundle}
    found: dict[str, Asset] = {}
    for path in sorted(STATIC.rglob("*")):
        name = path.relative_to(STATIC).as_posix()
        if path.is_file() and path.suffix in TYPES and name not in parts:
            found[name] = _build(name, path.read_bytes())
    for name, bundle in BUNDLES.items():
        joined = b"\n".join((STATIC / part).read_bytes() for part in bundle)
        found[name] = _build(name, _REFERENCE.sub(lambda reference: found[reference[1].decode()].url.encode(), joined))
    return found


@cache
def _by_url() -> Mapping[str, Asset]:
    return {item.url: item for item in catalogue().values()}


def asset(name: str) -> str:
    """The address of an asset. Raises KeyError for a name that does not exist."""
    return catalogue()[name].url


class StaticAssets:
    """The ASGI app to mount at `/static`. An address carries its content's hash: caches may keep it for ever."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        item = _by_url().get(scope["path"])
        if item is None:
            named = catalogue().get(scope["path"].removeprefix("/static/"))
            if named is None:
                return PlainTextResponse("There is no such file.", 404)
            return self._serve(named, scope, "no-cache")
        return self._serve(item, scope, f"public, max-age={_YEAR}, immutable")

    def _serve(self, item: Asset, scope: Scope, caching: str) -> Response:
        asked = Headers(scope=scope)
        headers = {"cache-control": caching, "etag": item.etag, "vary": "Accept-Encoding", "cross-origin-resource-policy": "cross-origin"}
        if asked.get("if-none-match") == item.etag:
            return Response(status_code=304, headers=headers)
        if item.gzipped is not None and "gzip" in asked.get("accept-encoding", ""):
            return Response(item.gzipped, headers={**headers, "content-encoding": "gzip"}, media_type=item.media_type)
        return Response(item.content, headers=headers, media_type=item.media_type)
