"""Sec. 3.2 on a whole volume: normalization, noise, gap, low-passed slices and the residual that W_i is cut from."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .axes import resolve_axis, slices_back, slices_first
from .check import check_slices, check_volume
from .errors import Cancelled, SettingsError
from .low_pass import low_pass
from .noise import NoiseBlocks, find_noise_blocks, noise_sd, slice_correlation
from .normalize import Normalization, find_padding, fit_normalization
from .positions import real_pairs
from .threshold import automatic_threshold

#: Noise of two slices counts as independent below this correlation.
INDEPENDENT = 0.15
#: Where none does, a larger distance must have so much less correlation to be worth the difference in anatomy.
WORTH_A_LAG = 0.05
#: Slices farther apart than this (mm) show different anatomy, whatever their noise.
MAX_GAP_MM = 8.0
#: Slices thicker than this (mm) are worth a warning.
THICK_MM = 4.0


class Matching:
    """The slices of a volume, normalized, and how well neighbors match.

    Making one checks, normalizes and measures the noise, without filtering yet. Low-passed slices are computed when
    they are first needed and kept; the methods may be called from several threads.

    Args:
        volume: (K, J, I) integer or float array, image units. It is not changed.
        axis: slice axis, "auto", "k", "j" or "i".
        spacing: (k, j, i) in mm, or None.
        gap: pairs are (x_i, x_i+gap); None takes the smallest gap whose noise is uncorrelated, or
            the least correlated one within `MAX_GAP_MM`.
        positions: of the slices along axis k, mm, (K,) ascending, where slices are missing or irregular; else None.

    Attributes:
        axis: "k", "j" or "i".
        slices: number of slices along `axis`.
        gap: see above, at least 1.
        paired: (slices - gap,) bool, False for pairs with a hole between them; they have no part in anything.
        scale: image units per normalized unit.
        noise_sd: SD of the noise in homogeneous tissue, normalized.
        slice_correlation: correlation of the noise at the lags 1, 2, 3.
        stack: (slices, rows, columns) float32, normalized.
        excluded: boolean, as `stack`, True on padding; or None.
        warnings: sentences for the user.

    Raises:
        InputError: the volume can't be denoised.
        SettingsError: an axis or gap that is not allowed.
    """

    def __init__(
        self,
        volume: np.ndarray,
        *,
        axis: str = "auto",
        spacing: tuple[float, float, float] | None = None,
        gap: int | None = None,
        positions: np.ndarray | None = None,
    ) -> None:
        check_volume(volume)
        self.axis = resolve_axis(axis, spacing)
        raw = slices_first(volume, self.axis)
        check_slices(raw.shape, self.axis)
        self.slices = raw.shape[0]
        self.excluded, self.padding_value = find_padding(raw)
        self.normalization: Normalization = fit_normalization(raw, self.excluded)
        self.scale = self.normalization.scale
        self.stack = np.ascontiguousarray(self.normalization.apply(raw))
        self.noise_blocks: NoiseBlocks = find_noise_blocks(self.stack, self.excluded)
        measured = noise_sd(self.stack, self.noise_blocks)
        self.noise_sd = measured if np.isfinite(measured) and measured > 0 else self._difference_noise()
        self.slice_correlation = slice_correlation(self.stack, self.noise_blocks)
        self.spacing_mm = float(spacing["kji".index(self.axis)]) if spacing is not None else None
        self.gap = self._choose_gap() if gap is None else self._check_gap(gap)
        self.paired = real_pairs(positions if self.axis == "k" else None, self.slices, self.gap)
        self.warnings = self._warnings(gap is None)
        self._low_passed = np.empty(self.stack.shape, np.float32)
        self._is_filtered = [False] * self.slices
        self._locks = [threading.Lock() for _ in range(self.slices)]

    def low_passed(self, index: int) -> np.ndarray:
        """LPF(x_index), (rows, columns) float32, normalized."""
        with self._locks[index]:
            if not self._is_filtered[index]:
                self._low_passed[index] = low_pass(self.stack[index], self.noise_sd)
                self._is_filtered[index] = True
            return self._low_passed[index]

    def low_passed_stack(self) -> np.ndarray:
        """LPF of all slices, (slices, rows, columns) float32, normalized: the array itself, no copy."""
        for index in range(self.slices):
            self.low_passed(index)
        return self._low_passed

    def drop_low_passed(self) -> None:
        """Forget the low-passed slices: they hold as much memory as the normalized ones."""
        self._low_passed = np.empty(self.stack.shape, np.float32)  # takes memory only when it is filled
        self._is_filtered = [False] * self.slices

    def partner(self, index: int) -> int:
        """The slice that slice `index` is compared with: index + gap, or index - gap among the last `gap` slices."""
        return index + self.gap if index + self.gap < self.slices else index - self.gap

    def residual_slice(self, index: int) -> np.ndarray:
        """|LPF(x_i) - LPF(x_i+gap)| of Eq. 3 for slice `index`.

        Returns:
            (rows, columns) float32, normalized; +inf where either voxel is excluded, and everywhere if a hole is
            between the slices. The last `gap` slices show the residual of the last pair that they belong to.
        """
        other = self.partner(index)
        residual = np.abs(self.low_passed(index) - self.low_passed(other))
        if self.excluded is not None:
            residual[self.excluded[index] | self.excluded[other]] = np.inf
        if not self.paired[min(index, other)]:
            residual[:] = np.inf
        return residual

    def residual(
        self, progress: Callable[[float], None] | None = None, should_stop: Callable[[], bool] | None = None
    ) -> np.ndarray:
        """The residual of every slice, float32, normalized, in the volume's own (K, J, I) order; +inf on padding.

        All cores filter.

        Args:
            progress: called with the part (0 to 1) that is done.
            should_stop: asked after each slice.

        Raises:
            Cancelled: `should_stop` said yes.
        """
        residual = np.empty(self.stack.shape, np.float32)
        for index, values in self.residual_slices(progress, should_stop):
            residual[index] = values
        return slices_back(residual, self.axis)

    def residual_slices(
        self, progress: Callable[[float], None] | None = None, should_stop: Callable[[], bool] | None = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """(index, `residual_slice`) of every slice in order, so that nobody needs the whole; else as `residual`."""
        pool = ThreadPoolExecutor(os.cpu_count() or 1)
        try:
            filtered = [pool.submit(self.low_passed, index) for index in range(self.slices)]
            for index in range(self.slices):
                filtered[index].result()
                yield index, self.residual_slice(index)
                if should_stop is not None and should_stop():
                    raise Cancelled("stopped on request")
                if progress is not None:
                    progress((index + 1) / self.slices)
        finally:
            pool.shutdown(cancel_futures=True)  # stopping must not wait for the whole volume

    def suggest_threshold(self) -> float:
        """The automatic th, normalized: immediate, and always the same for a volume."""
        return automatic_threshold(self.noise_sd)

    def _difference_noise(self) -> float:
        """Robust noise SD from differences of neighboring slices, where no homogeneous block exists."""
        difference = np.diff(self.stack[:: max(1, self.slices // 16)], axis=0)
        if self.excluded is not None:
            difference = difference[~self.excluded[:: max(1, self.slices // 16)][1:]]
        return max(float(np.median(np.abs(difference))) / 0.6745 / np.sqrt(2), 1e-4)

    def _choose_gap(self) -> int:
        best, least = 1, float("inf")
        for lag, correlation in enumerate(self.slice_correlation, start=1):
            if lag > 1 and self.spacing_mm is not None and lag * self.spacing_mm > MAX_GAP_MM:
                break
            if lag > self.slices // 2:
                break
            if abs(correlation) < INDEPENDENT:
                return lag
            if abs(correlation) < least - WORTH_A_LAG:
                best, least = lag, abs(correlation)
        return best

    def _check_gap(self, gap: int) -> int:
        if isinstance(gap, bool) or not isinstance(gap, int) or not 1 <= gap <= self.slices // 2:
            raise SettingsError(
                f"gap is {gap!r}; with {self.slices} slices it must be a whole number from 1 to {self.slices // 2}"
            )
        return gap

    def _warnings(self, automatic_gap: bool) -> list[str]:
        warnings = []
        if not self.paired.all():
            holes = np.count_nonzero(~self.paired)
            warnings.append(f"Pairs with a hole between their slices are left out: {holes} of {len(self.paired)}.")
        if self.spacing_mm is not None and self.spacing_mm > THICK_MM:
            warnings.append(
                f"The slices are {self.spacing_mm:.1f} mm apart: neighbors differ in anatomy, so fewer voxels match. "
                "Check the mask, and lower the threshold if it misses structures."
            )
        known = [c for c in self.slice_correlation[: self.gap] if np.isfinite(c)]
        if len(known) == self.gap and abs(known[-1]) >= INDEPENDENT:
            instead = ""
            if automatic_gap and self.gap > 1:
                instead = f" They are paired because direct neighbors are more alike ({known[0]:.2f})."
            warnings.append(
                f"The noise of slices {self.gap} apart is correlated ({known[-1]:.2f}), as in overlapping or "
                "interpolated reconstructions: part of the noise will stay. Thinner or non-overlapping slices "
                f"denoise better.{instead}"
            )
        elif automatic_gap and self.gap > 1:
            warnings.append(
                f"The noise of direct neighbors is correlated ({self.slice_correlation[0]:.2f}); slices "
                f"{self.gap} apart are paired instead."
            )
        return warnings
