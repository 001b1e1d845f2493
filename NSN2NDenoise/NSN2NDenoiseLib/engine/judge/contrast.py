"""Contrast recovery: lesions are inserted into a volume, and the stages that made its result run again."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from ..errors import InputError, SettingsError
from ..look import Look
from ..runtime.progress import Progress
from ..settings import Settings
from ..volume.axes import slices_back, slices_first
from .lesions import Lesions, draw_lesions, insert, recovered
from .measure import plain
from .sites import Sites, find_sites, is_hounsfield

#: Contrasts in HU, and as parts of the tissue's mean in other modalities.
CONTRASTS_HU, CONTRASTS_PART = (10.0, 20.0, 40.0), (0.02, 0.05, 0.1)
#: Diameters in mm of a volume with voxels of 1 mm; larger voxels have larger ones in proportion.
DIAMETERS = (3.0, 6.0, 10.0)
#: Fewer sites than this say nothing, nor does a kind (contrast and diameter) with fewer lesions than that.
FEWEST, OF_A_KIND = 12, 6


@dataclass(frozen=True)
class Inserted:
    """A volume with lesions: (K, J, I) as the input; the lesions; whether contrasts are parts of `tissue`."""

    volume: np.ndarray
    lesions: Lesions
    relative: bool
    tissue: float


def insert_lesions(volume: np.ndarray, look: Look, spacing: tuple[float, float, float], seed: int = 0) -> Inserted:
    """Insert spheres of up to three contrasts and three diameters, brighter and darker, where there is room.

    Args:
        volume: (K, J, I), image units; not changed.
        look: at it, from `take_look`.
        spacing: (k, j, i) in mm.
        seed: of the draw.

    Raises:
        InputError: there is too little tissue to insert anything.
    """
    stack = slices_first(volume, look.axis)
    order = ["kji".index(look.axis), *(n for n, name in enumerate("kji") if name != look.axis)]
    mm = tuple(float(spacing[n]) for n in order)
    factor = max(1.0, float(np.prod(mm)) ** (1 / 3))
    diameters = tuple(float(round(d * factor, 1)) for d in DIAMETERS)
    sites, diameters = _room(stack, mm, diameters, look.padding_value)
    relative = not is_hounsfield(stack)
    contrasts = tuple(part * sites.tissue for part in CONTRASTS_PART) if relative else CONTRASTS_HU
    lesions = draw_lesions(sites, *_kinds(len(sites), contrasts, diameters), seed)
    changed = np.ascontiguousarray(slices_back(insert(stack, lesions), look.axis))
    return Inserted(changed, lesions, relative, sites.tissue)


def contrast_figures(inserted: Inserted, with_lesions: np.ndarray, without: np.ndarray, axis: str) -> list[dict]:
    """Recovery by contrast and diameter, ready for JSON: contrast (image units), part (of the tissue's mean, or None),
    diameter (mm), count, recovered, low, high (95 % interval of the mean), brighter, darker (the signs alone).

    Args:
        inserted: see `insert_lesions`.
        with_lesions, without: (K, J, I), results of the same stages on the volume with and without lesions.
        axis: of the slices.
    """
    lesions = inserted.lesions
    parts = recovered(slices_first(with_lesions, axis), slices_first(without, axis), lesions)
    rows = []
    for contrast in np.unique(np.abs(lesions.contrasts)):
        for diameter in np.unique(lesions.diameters):
            here = (np.abs(lesions.contrasts) == contrast) & (lesions.diameters == diameter)
            count = int(here.sum())
            if count < 2:
                continue
            mean, half = parts[here].mean(), 1.96 * parts[here].std(ddof=1) / np.sqrt(count)
            signs = {"brighter": parts[here & (lesions.contrasts > 0)], "darker": parts[here & (lesions.contrasts < 0)]}
            row = {
                "contrast": plain(contrast),
                "part": plain(contrast / inserted.tissue, 3) if inserted.relative else None,
                "diameter": float(diameter),
                "count": count,
                "recovered": plain(mean, 4),
                "low": plain(mean - half, 4),
                "high": plain(mean + half, 4),
            }
            rows.append(row | {name: plain(v.mean(), 4) if len(v) else None for name, v in signs.items()})
    return rows


def settings_of(report: dict) -> Settings:
    """The settings that make the run of a report again: with its threshold, gap, axis, strength and number of steps; of
    one that was stopped and kept, the stages that made what was kept.

    Raises:
        SettingsError: it is no report of a run, or of another version, or its run can't be made again on other voxels.
    """
    if report.get("network") and not report["network"]["trainedHere"]:
        raise SettingsError(
            "to insert lesions, the same stages run again, and this run used a network that was trained on another "
            "volume, which its report does not hold; leave the lesions out, or denoise with a network of its own"
        )
    if report.get("within"):
        raise SettingsError(
            "the result was denoised within a part only, so lesions can't be inserted everywhere; leave them out"
        )
    known = {field.name for field in fields(Settings)}
    stored = report.get("settings")
    if not isinstance(stored, dict) or set(stored) - known:
        raise SettingsError(
            "the report holds no settings, or those of another version: run nsn2n denoise --report again"
        )
    values = {**stored, "betas": tuple(stored.get("betas", Settings.betas)), "minutes": None}
    values.update(threshold=report["threshold"], gap=report["gap"], axis=report["axis"], strength=report["strength"])
    if report.get("steps"):
        values["steps"] = report["steps"]
    if report.get("ended") in ("first", "kept"):
        if report["stages"] and not {"similar", "learn", "refine"} & set(report["stages"]):
            raise SettingsError(
                "the run was stopped after its first, quick stage, which does not run alone; leave the lesions out, or "
                "let a run come to its end"
            )
        values.update(learn=report["steps"] > 0, refine="refine" in report["stages"])
    if values.get("learn") is None and report.get("stages"):  # what the run decided, not what another would
        values["learn"] = "learn" in report["stages"]
    settings = Settings(**values)
    settings.check()
    return settings


def measure_contrast(
    volume: np.ndarray,
    result: np.ndarray,
    look: Look,
    report: dict,
    spacing: tuple[float, float, float],
    positions: np.ndarray | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[dict]:
    """Insert lesions into a volume, denoise it as its result was denoised, and compare; costs a run.

    Args:
        volume, result: (K, J, I) input and output.
        look: at the volume.
        report: of the run that made the result.
        spacing, positions, progress, should_stop: as in `denoise`.

    Returns:
        see `contrast_figures`.

    Raises:
        InputError, SettingsError, RunError, Cancelled: see `insert_lesions`, `settings_of` and `denoise`.
    """
    from ..denoise_volume import denoise

    settings = settings_of(report)
    inserted = insert_lesions(volume, look, spacing)
    again = denoise(
        inserted.volume, settings, spacing=spacing, positions=positions, progress=progress, should_stop=should_stop
    )
    return contrast_figures(inserted, again.denoised, result, look.axis)


def _kinds(sites: int, contrasts: tuple[float, ...], diameters: tuple[float, ...]) -> tuple:
    """As many contrasts, the strongest, and diameters, the largest, as there are sites for."""
    while sites < OF_A_KIND * len(contrasts) * len(diameters) and len(contrasts) * len(diameters) > 1:
        if len(contrasts) >= len(diameters):
            contrasts = contrasts[1:]
        else:
            diameters = diameters[1:]
    return contrasts, diameters


def _room(stack, mm, diameters, padding) -> tuple[Sites, tuple[float, ...]]:
    """Sites with room for the largest diameter that has enough of them, and the diameters up to it."""
    excluded = None if padding is None else np.asarray(stack == padding)
    for count in range(len(diameters), 0, -1):
        sites = find_sites(stack, mm, diameters[count - 1], excluded)
        if len(sites) >= FEWEST:
            return sites, diameters[:count]
    raise InputError("the volume has too little tissue to insert lesions into")
