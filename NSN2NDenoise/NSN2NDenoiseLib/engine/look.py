"""All that is measured of a volume before anything is done to it, once, in one frozen object."""

from dataclasses import dataclass, replace

import numpy as np

from .match.threshold import automatic_threshold
from .noise.blocks import NoiseBlocks, find_noise_blocks
from .noise.level import NoiseLevel, measure_noise
from .noise.rician import find_rician
from .noise.rician_tissue import sigma_without_air
from .volume.axes import along_slices, slices_first
from .volume.part import Box
from .volume.slices import Slices, to_slices

NO_AIR = (
    "An MR magnitude image without air, as its dark tissue shows: sigma of its Rician bias ({:.3g}) is that of the "
    "noise in tissue. If it is something else, switch the MR bias correction off."
)
MAYBE_NO_AIR = (
    "Without air and with little homogeneous dark tissue, it can't be told whether this is an MR magnitude image. "
    "If it is, switch the MR bias correction on, or dark tissue stays brighter than it is."
)
#: Slices thicker than this (mm) are worth a warning.
THICK_MM = 4.0


@dataclass(frozen=True)
class Look:
    """What is known of a volume. `inspect`, the panel, the plan, the run and its report all use this one object.

    Attributes:
        shape: (slices, rows, columns).
        dtype: of the voxels.
        value_range: smallest and largest voxel, image units.
        axis: "k", "j" or "i", along which the slices lie.
        spacing: (slices, rows, columns) in mm; None where it is unknown.
        positions: of the slices, mm, where they are not equally far apart; else None.
        low, scale: the image value that is 0 when normalized, and image units per normalized unit.
        padding_value: image units; None without padding.
        padding_fraction: part of the voxels that is padding.
        noise: SD, place-dependence, color, correlation between slices, and whether there is any; normalized.
        blocks: where tissue is most homogeneous.
        threshold: the automatic th of Eq. 3, normalized.
        rician_sigma: of MR magnitude images, image units; None where the volume is not recognized as one.
        warnings: sentences for the user.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype
    value_range: tuple[float, float]
    axis: str
    spacing: tuple[float, float, float] | None
    positions: tuple[float, ...] | None
    low: float
    scale: float
    padding_value: float | None
    padding_fraction: float
    noise: NoiseLevel
    blocks: NoiseBlocks
    threshold: float
    rician_sigma: float | None
    warnings: tuple[str, ...]

    @property
    def spacing_mm(self) -> float | None:
        """Between slices; None where it is unknown."""
        return None if self.spacing is None else self.spacing[0]

    @property
    def noise_sd(self) -> float:
        """SD of the noise in tissue, image units."""
        return self.noise.sd * self.scale

    @property
    def noise_percent(self) -> float:
        """The same in percent of the tissue's mean above air; NaN without tissue."""
        return 100 * self.noise.sd / self.noise.level if self.noise.level > 0 else float("nan")

    def inside(self, box: Box) -> "Look":
        """The same, with what has a place in the volume as it lies in a box, which begins on the part's `GRID`."""
        noise = replace(self.noise, local=self.noise.local.inside(box))
        return replace(self, noise=noise, blocks=self.blocks.inside(box))


def take_look(
    volume: np.ndarray,
    *,
    axis: str = "auto",
    spacing: tuple[float, float, float] | None = None,
    positions: np.ndarray | None = None,
) -> tuple[Look, Slices]:
    """Measure a volume.

    Args:
        volume: (K, J, I) integer or float array, image units; not changed.
        axis: slice axis, "auto", "k", "j" or "i".
        spacing: (k, j, i) in mm, or None.
        positions: of the slices along axis k, mm, (K,) ascending, where slices are missing or irregular; else None.

    Returns:
        What was measured, and the normalized slices that it was measured on.

    Raises:
        InputError: the volume can't be denoised.
        SettingsError: an axis that is not allowed.
    """
    slices = to_slices(volume, axis, spacing)
    return look_at(slices_first(volume, slices.axis), slices, spacing, positions), slices


def look_at(raw: np.ndarray, slices: Slices, spacing=None, positions=None, step: float | None = None) -> Look:
    """Measure a volume whose slices are known.

    Args:
        raw: (slices, rows, columns), image units; as the arrays of `slices`, it may be a `large.stack.Stack`.
        slices: the same, normalized.
        spacing, positions: as in `take_look`.
        step: as in `measure_noise`.
    """
    values, excluded = slices.values, slices.excluded
    blocks = find_noise_blocks(values, excluded)
    noise = measure_noise(values, excluded, slices.spacing_mm, step)
    sigma, sigma_warnings = _measure_sigma(raw, slices, blocks, noise)
    return Look(
        shape=values.shape,
        dtype=raw.dtype,
        value_range=(float(raw.min()), float(raw.max())),
        axis=slices.axis,
        spacing=None if spacing is None else along_slices(spacing, slices.axis),
        positions=tuple(map(float, positions)) if positions is not None and slices.axis == "k" else None,
        low=slices.normalization.low,
        scale=slices.normalization.scale,
        padding_value=slices.padding_value,
        padding_fraction=0.0 if excluded is None else float(excluded.mean()),
        noise=noise,
        blocks=blocks,
        threshold=automatic_threshold(noise.sd),
        rician_sigma=sigma,
        warnings=(*_warnings(slices), *noise.warnings, *sigma_warnings),
    )


def _measure_sigma(raw, slices: Slices, blocks: NoiseBlocks, noise: NoiseLevel) -> tuple[float | None, list[str]]:
    """sigma of MR magnitude images in image units, in air or else in tissue; and what to warn of."""
    in_air = find_rician(raw, slices, blocks)
    if in_air is not None or noise.none:
        return in_air, []
    in_tissue, maybe = sigma_without_air(raw, slices, noise.sd * slices.normalization.scale)
    if in_tissue is not None:
        return in_tissue, [NO_AIR.format(in_tissue)]
    return None, [MAYBE_NO_AIR] if maybe else []


def _warnings(slices: Slices) -> tuple[str, ...]:
    if slices.spacing_mm is None or slices.spacing_mm <= THICK_MM:
        return ()
    return (
        f"The slices are {slices.spacing_mm:.1f} mm apart: neighbors differ in anatomy, so fewer voxels match. "
        "Check the mask, and lower the threshold if it misses structures.",
    )
