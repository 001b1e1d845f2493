"""Plots as inline SVG: curves, bars, and points with intervals."""

from dataclasses import dataclass
from html import escape

#: Size in pixels, and the room for the axes: left, right, top, bottom.
WIDTH, HEIGHT = 430, 250
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 24, 42
COLORS = ("#8a8f98", "#1f5fa8", "#c2571a", "#3b7d3a")


@dataclass(frozen=True)
class Axes:
    """From data to pixels: x from x0 to x1, y from y0 to y1."""

    x0: float
    x1: float
    y0: float
    y1: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a point; beyond the axes it lies on their end."""
        part = (min(max(x, self.x0), self.x1) - self.x0) / (self.x1 - self.x0)
        up = (min(max(y, self.y0), self.y1) - self.y0) / (self.y1 - self.y0)
        return LEFT + part * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)


def curves(x: list[float], series: dict[str, list[float]], x_label: str, y_label: str) -> str:
    """Curves over the same x, y from 0; a shorter one ends earlier."""
    top = 1.05 * max(max(values) for values in series.values())
    axes = Axes(0.0, max(x), 0.0, top or 1.0)
    parts = [_frame(axes, x_label, y_label, _ticks(axes.x0, axes.x1), _ticks(axes.y0, axes.y1))]
    for n, (name, values) in enumerate(series.items()):
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in (axes.at(*p) for p in zip(x, values, strict=False)))
        color = COLORS[n % len(COLORS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>')
        place = LEFT + 4 + (WIDTH - LEFT - RIGHT) // len(series) * n
        parts.append(f'<line x1="{place}" x2="{place + 22}" y1="12" y2="12" stroke="{color}" stroke-width="2"/>')
        parts.append(f'<text x="{place + 28}" y="16">{escape(name)}</text>')
    return _svg(parts)


def bars(names: list[str], values: list[float], limit: float, x_label: str, y_label: str) -> str:
    """A bar for each name, and a dashed line at the limit; bars above it are red."""
    axes = Axes(0.0, float(len(names)), 0.0, 1.1 * max(*values, limit))
    parts = [_frame(axes, x_label, y_label, [], _ticks(axes.y0, axes.y1))]
    for n, (name, value) in enumerate(zip(names, values, strict=True)):
        (a, top), (b, bottom) = axes.at(n + 0.18, value), axes.at(n + 0.82, 0.0)
        color = "#b3261e" if value > limit else COLORS[1]
        parts.append(
            f'<rect x="{a:.1f}" y="{top:.1f}" width="{b - a:.1f}" height="{bottom - top:.1f}" fill="{color}"/>'
        )
        middle = (a + b) / 2
        parts.append(f'<text x="{middle:.1f}" y="{top - 4:.1f}" text-anchor="middle">{value:.2f}</text>')
        parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{escape(name)}</text>')
    parts.append(_dashed(axes, limit))
    return _svg(parts)


def intervals(names: list[str], rows: list[tuple[float, float, float]], limit: float, y_label: str) -> str:
    """A point with its interval (value, low, high) for each name, and a dashed line at the limit."""
    top = max(1.1, *(row[2] for row in rows))
    axes = Axes(0.0, float(len(names)), min(0.0, *(row[1] for row in rows)), min(1.05 * top, 3.0))
    parts = [_frame(axes, "", y_label, [], _ticks(axes.y0, axes.y1)), _dashed(axes, limit)]
    for n, (name, (value, low, high)) in enumerate(zip(names, rows, strict=True)):
        color = COLORS[1] if value >= limit else "#b3261e"
        (x, y), (_, a), (_, b) = (axes.at(n + 0.5, v) for v in (value, low, high))
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{a:.1f}" y2="{b:.1f}" stroke="{color}" stroke-width="2"/>')
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{color}"/>')
        for line, text in enumerate(name.split("\n")):
            place = HEIGHT - BOTTOM + 15 + 13 * line
            parts.append(f'<text x="{x:.1f}" y="{place}" text-anchor="middle">{escape(text)}</text>')
    return _svg(parts)


def _svg(parts: list[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">{"".join(parts)}</svg>'


def _frame(axes: Axes, x_label: str, y_label: str, x_ticks: list[float], y_ticks: list[float]) -> str:
    (left, bottom), (right, top) = axes.at(axes.x0, axes.y0), axes.at(axes.x1, axes.y1)
    parts = [f'<path d="M{left},{top} V{bottom} H{right}" fill="none" stroke="#555"/>']
    for value in x_ticks:
        x, _ = axes.at(value, axes.y0)
        parts.append(f'<text x="{x:.1f}" y="{bottom + 15:.1f}" text-anchor="middle">{value:g}</text>')
    for value in y_ticks:
        _, y = axes.at(axes.x0, value)
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e5e8"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    middle = (top + bottom) / 2
    parts.append(f'<text x="{(left + right) / 2:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>')
    turn = f'transform="rotate(-90 13 {middle:.1f})"'
    parts.append(f'<text x="13" y="{middle:.1f}" text-anchor="middle" {turn}>{escape(y_label)}</text>')
    return "".join(parts)


def _dashed(axes: Axes, y: float) -> str:
    (left, place), (right, _) = axes.at(axes.x0, y), axes.at(axes.x1, y)
    return f'<line x1="{left}" x2="{right}" y1="{place:.1f}" y2="{place:.1f}" stroke="#333" stroke-dasharray="5 4"/>'


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from low to high, 4 to 8 of them."""
    exponent = -12
    while True:
        for step in (1, 2, 2.5, 5):
            width = step * 10.0**exponent
            if (high - low) / width <= 7:
                first = -(-low // width)
                count = int((high - first * width) / width + 1e-9) + 1
                return [float(f"{(first + n) * width:.12g}") for n in range(count)]
        exponent += 1
