"""A run on ultrasound (setting `speckle`): the stages work on the grid of the speckle's grains; then back."""

from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
from scipy import ndimage

from .judge.measure import plain
from .look import Look, take_look
from .match.threshold import automatic_threshold
from .noise.blocks import mean_shift, noise_sd
from .noise.color import NoiseColor
from .noise.map import NoiseMap
from .noise.speckle import SD, Speckle, measure_speckle
from .settings import Settings
from .volume.axes import along_slices, slices_back, slices_first
from .volume.part import bounding_box, check_within
from .volume.seam import seam
from .volume.slices import Slices, to_slices, to_volume


def denoise_speckle(
    volume: np.ndarray,
    settings: Settings,
    run: Callable,
    *,
    spacing: tuple[float, float, float] | None = None,
    positions: np.ndarray | None = None,
    within: np.ndarray | None = None,
    on_first: Callable | None = None,
    **others,
):
    """Denoise an ultrasound volume.

    Args:
        volume: (K, J, I) integer or float array, image units; not changed.
        settings: of the run; those of the filters hold for the grains' grid.
        run: `denoise`, which gets the volume of the grains.
        spacing, positions, within, on_first, others: as in `denoise`. The whole volume is worked on in any case.

    Returns:
        A `DenoiseResult`. Its report has "speckle", rows and columns of a grain in pixels; SDs and shifts are of the
        grains' means, in image units. The weights are those of the grains.

    Raises:
        as `denoise`.
    """
    if within is not None:
        check_within(within, volume.shape)
    slices = to_slices(volume, settings.axis, spacing)
    speckle = measure_speckle(slices.values, slices.excluded)
    cells, empty = speckle.shrink(slices.values, slices.excluded)
    stable = speckle.stabilize(cells)
    stable[empty] = stable[~empty].min()
    sides = None
    if spacing is not None:
        k, j, i = along_slices(spacing, slices.axis)
        sides = k, j * speckle.grain[0], i * speckle.grain[1]
    positions = positions if slices.axis == "k" else None
    inner = replace(settings, speckle=False, axis="k", rician="off", strength=1.0)
    look = _look(take_look(stable, axis="k", spacing=sides, positions=positions)[0])
    back = _Back(volume, settings, slices, speckle, cells, empty, look, within)
    return back.of(
        run(
            stable,
            inner,
            spacing=sides,
            positions=positions,
            look=look,
            on_first=None if on_first is None else lambda result: on_first(back.of(result)),
            **others,
        )
    )


def _look(look: Look) -> Look:
    """A look at the grains, whose noise is known: white, with the same SD everywhere."""
    sd = SD / look.scale
    noise = replace(
        look.noise,
        sd=sd,
        local=NoiseMap(np.full((1, 1, 1), sd, np.float32), look.shape),
        color=NoiseColor.white(len(look.noise.color.along)),
        agree=True,
        none=False,
        warnings=[],
    )
    warnings = tuple(text for text in look.warnings if text not in look.noise.warnings)
    return replace(look, noise=noise, threshold=automatic_threshold(sd), rician_sigma=None, warnings=warnings)


class _Back:
    """From results on the grains' grid to those of the volume; arguments as in `denoise_speckle`."""

    def __init__(self, volume, settings, slices: Slices, speckle: Speckle, cells, empty, look: Look, within) -> None:
        self._volume, self._settings, self._slices, self._speckle = volume, settings, slices, speckle
        self._cells, self._empty, self._look, self._within = cells, empty, look, within

    def of(self, result):
        """The volume's own result."""
        small, values = self._speckle.unstabilize(result.denoised), self._slices.values
        filled = small
        if self._empty.any():  # padding must not shine through at its edge
            nearest = ndimage.distance_transform_edt(
                self._empty, sampling=(1e3, 1, 1), return_distances=False, return_indices=True
            )
            filled = small[tuple(nearest)]
        share = np.float32(self._settings.strength if result.report["stages"] else 0.0)
        wanted = None
        if self._within is not None:
            wanted = slices_first(self._within, self._slices.axis)
            share = share * seam(wanted)
        denoised = values + share * (self._speckle.enlarge(filled, values.shape[1:]) - values)
        weights = result.weights.repeat(self._speckle.grain[0], axis=1).repeat(self._speckle.grain[1], axis=2)
        weights = weights[:, : values.shape[1], : values.shape[2]]
        return replace(
            result,
            denoised=to_volume(denoised, self._slices, self._volume, wanted),
            weights=np.ascontiguousarray(slices_back(weights, self._slices.axis)),
            report={**result.report, **self._figures(small, result.report)},
        )

    def _figures(self, small: np.ndarray, report: dict) -> dict:
        """What the report says otherwise."""
        scale, before = self._slices.normalization.scale, self._speckle.sd * self._slices.normalization.scale
        left = report["noiseAfter"] / report["noiseBefore"] if report["noiseAfter"] is not None else float("nan")
        shifts = mean_shift(self._cells, small, self._look.blocks)
        level = float(self._cells[~self._empty].mean())
        stages = report["stages"]
        if stages:
            stages = ["speckle", *stages, *(["strength"] if self._settings.strength < 1 else [])]
            stages += ["within"] if self._within is not None else []
        return {
            "stages": stages,
            "speckle": list(self._speckle.grain),
            "axis": self._slices.axis,
            "noiseBefore": plain(before),
            "noiseAfter": plain(before * left),
            "flatBefore": plain(noise_sd(self._cells, self._look.blocks) * scale),
            "flatAfter": plain(noise_sd(small, self._look.blocks) * scale),
            "noisePercent": plain(100 * self._speckle.sd / level, 3),
            "meanShift": plain(shifts[0] * scale),
            "worstBlockShift": plain(shifts[1] * scale),
            "thresholdImageUnits": plain(report["threshold"] * self._look.scale / SD * before),
            "strength": self._settings.strength,
            "settings": asdict(self._settings),
            "within": self._where(),
            "padding": None if self._slices.padding_value is None else plain(self._slices.padding_value),
        }

    def _where(self) -> dict | None:
        if self._within is None:
            return None
        box = bounding_box(slices_first(self._within, self._slices.axis))
        count = int(np.count_nonzero(self._within))
        fraction = plain(count / self._within.size)
        return {"voxels": count, "fraction": fraction, "box": [[side.start, side.stop] for side in box]}
