"""Fetches the third-party files of the dashboard with `npm pack`, checks their sums and writes them into the tree.

    python scripts/vendor.py            fetch, check and write
    python scripts/vendor.py --check    only check what is in the tree; no network
    python scripts/vendor.py --pin      fetch and write the files' sums into vendor.toml (after changing a version)

The list is web/static/vendor/vendor.toml. Which registry is asked is npm's own configuration.
"""

import argparse
import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "web/static/vendor/vendor.toml"

SVG_INNER = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def packages() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = tomllib.loads(LIST.read_text())["package"]
    return listed


def outputs(package: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every file that a package puts into the tree, the built sprite included."""
    yield from package["files"]
    if "sprite" in package:
        yield package["sprite"]


def digest(algorithm: str, content: bytes) -> str:
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def problems() -> list[str]:
    """What differs between the list and the tree; empty when all is well."""
    found = []
    for package in packages():
        for output in outputs(package):
            path = ROOT / output["to"]
            if not path.is_file():
                found.append(f"{output['to']} is missing")
            elif digest("sha384", path.read_bytes()) != output["sha384"]:
                found.append(f"{output['to']} is not the file of {package['name']} {package['version']}")
    return found


def sprite(read: dict[str, bytes], symbols: list[str]) -> bytes:
    """One SVG whose symbols carry the icons' shapes; stroke and size come from the page's style."""
    parts = ['<svg xmlns="http://www.w3.org/2000/svg">']
    for name in symbols:
        match = SVG_INNER.search(read[f"icons/{name}.svg"].decode())
        if match is None:
            raise SystemExit(f"icon {name} can't be read")
        shapes = "".join(line.strip() for line in match[1].splitlines())
        parts.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    return "".join([*parts, "</svg>\n"]).encode()


def fetch(package: dict[str, Any], folder: Path) -> dict[str, bytes]:
    """The package's files by their path inside it. Exits if the archive is not the one that was listed."""
    wanted = f"{package['name']}@{package['version']}"
    subprocess.run(["npm", "pack", "--silent", wanted], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tgz")
    if digest("sha512", archive.read_bytes()) != package["integrity"]:
        raise SystemExit(f"{wanted}: the archive's sha512 is not the listed one")
    files = {}
    with tarfile.open(archive) as opened:
        for member in opened:
            content = opened.extractfile(member) if member.isfile() else None
            if content is not None:
                files[member.name.partition("/")[2]] = content.read()
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only check the tree, without a network")
    parser.add_argument("--pin", action="store_true", help="write the sums of what was fetched into the list")
    options = parser.parse_args()
    if not options.check:
        listing = LIST.read_text()
        for package in packages():
            with tempfile.TemporaryDirectory() as folder:
                read = fetch(package, Path(folder))
            for output in outputs(package):
                content = read[output["from"]] if "from" in output else sprite(read, output["symbols"])
                path = ROOT / output["to"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                place = re.compile(rf'(to = "{re.escape(output["to"])}",?\s+sha384 = ")[^"]*"')
                listing = place.sub(rf'\g<1>{digest("sha384", content)}"', listing)
        if options.pin:
            LIST.write_text(listing)
    if found := problems():
        sys.exit("\n".join(found))
    print("every third-party file is the listed one")


if __name__ == "__main__":
    main()
