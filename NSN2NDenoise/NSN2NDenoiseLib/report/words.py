"""Small pieces of HTML: text, numbers, tables."""

from html import escape


def text(value) -> str:
    """Anything as text that can't be taken for HTML."""
    return escape(str(value))


def number(value: float | None, digits: int = 3) -> str:
    """A number in few digits; a dash where there is none."""
    if value is None:
        return "–"
    digits = 1 if isinstance(value, float) and 0 < abs(value) < 10 ** (-digits) else digits
    return f"{value:.{digits}g}".replace("-", "−")


def signed(value: float | None, digits: int = 3) -> str:
    """A number with its sign."""
    return "–" if value is None else f"{value:+.{digits}g}".replace("-", "−")


def table(head: list[str], rows: list[list[str]], kind: str = "") -> str:
    """A table of HTML cells; the first column is text, the others are numbers."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="{kind}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def facts(rows: list[tuple[str, str]]) -> str:
    """A list of names and values (HTML); empty values are left out."""
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows if value) + "</dl>"
