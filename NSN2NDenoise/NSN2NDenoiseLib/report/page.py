"""The quality report as one HTML page without anything outside it: no script, no link, no font from elsewhere."""

import json
from dataclasses import dataclass, field

from . import sections
from .pictures import Picture
from .style import STYLE
from .words import text


@dataclass(frozen=True)
class Content:
    """All that the page shows.

    Attributes:
        title: chosen by the user; empty: none.
        identity: of input and result: size, spacing, type, modality, inputSHA256, resultSHA256.
        run: the report of the run that made the result, or None where it is not known.
        figures: from `measure_quality`, with "contrast" where lesions were inserted.
        limits: from `check_limits`.
        slices: rows of pictures, from `slice_pictures`; slices_text: what their gray values mean.
        noise_map: picture, and the SDs of its darkest and lightest color.
        made: date, program and machine that made the page.
        lesions_cost: what the insertion of lesions would cost, or did.
        notes: sentences for the reader, such as what does not fit together.
    """

    title: str
    identity: dict
    run: dict | None
    figures: dict
    limits: list[dict]
    slices: list[list[Picture]]
    slices_text: str
    noise_map: tuple[Picture, float, float]
    made: dict
    lesions_cost: str
    notes: list[str] = field(default_factory=list)


def make_page(content: Content) -> str:
    """The page, HTML. The figures are in it as JSON, too (element "figures"), as they are in `content`."""
    parts = [
        sections.head(content),
        sections.slices(content),
        sections.limits(content),
        sections.noise(content),
        sections.shift(content),
        sections.residual(content),
        sections.edges(content),
        sections.contrast(content),
        sections.run(content),
        sections.blind_spots(content),
        sections.signature(),
    ]
    stored = {"identity": content.identity, "figures": content.figures, "limits": content.limits, "made": content.made}
    data = json.dumps(stored, indent=1).replace("<", "\\u003c")
    name = text(content.title) if content.title else "denoised volume"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Quality report: {name}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body><main>'
        + "\n".join(f"<section>{part}</section>" for part in parts)
        + f'</main><script type="application/json" id="figures">{data}</script></body></html>\n'
    )
