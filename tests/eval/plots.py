"""Curves over the unit square as SVG: text, so that a change of the figures can be read in a diff."""

from collections.abc import Sequence

SIZE, MARGIN = 420, 48


def plot(title: str, points: Sequence[tuple[float, float]], *, x_label: str, y_label: str, diagonal: bool) -> str:
    def place(x: float, y: float) -> str:
        return f"{MARGIN + x * SIZE:.1f},{MARGIN + (1 - y) * SIZE:.1f}"

    ticks = "".join(
        f'<text x="{MARGIN + tick * SIZE:.0f}" y="{MARGIN + SIZE + 18}" text-anchor="middle">{tick}</text>'
        f'<text x="{MARGIN - 8}" y="{MARGIN + (1 - tick) * SIZE + 4:.0f}" text-anchor="end">{tick}</text>'
        for tick in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    guide = f'<polyline points="{place(0, 0)} {place(1, 1)}" fill="none" stroke="#bbb"/>' if diagonal else ""
    width = SIZE + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{width}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="#fff"/><text x="{MARGIN}" y="24" font-size="14">{title}</text>'
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIZE}" height="{SIZE}" fill="none" stroke="#888"/>{ticks}{guide}'
        f'<polyline points="{" ".join(place(x, y) for x, y in points)}" fill="none" stroke="#a8442a" stroke-width="2"/>'
        f'<text x="{MARGIN + SIZE / 2}" y="{width - 10}" text-anchor="middle">{x_label}</text>'
        f'<text transform="translate(14 {MARGIN + SIZE / 2}) rotate(-90)" text-anchor="middle">{y_label}</text></svg>\n'
    )
