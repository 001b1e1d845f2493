"""Sec. 3.2 on the slices of a volume: LPF(x_i), and the residual that W_i is cut from."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..errors import Cancelled
from ..volume.axes import slices_back
from ..volume.slices import Slices
from .low_pass import low_pass


class Matching:
    """How well the slices of a volume match their neighbors.

    Low-passed slices are computed when they are first needed and kept; the methods may be called from several threads.

    Args:
        slices: normalized.
        noise_sd: SD of their noise, normalized.
        gap: pairs are (x_i, x_i+gap).
        paired: (slices - gap,) bool, False for pairs with a hole between them; None: all are real.
    """

    def __init__(self, slices: Slices, noise_sd: float, gap: int, paired: np.ndarray | None = None) -> None:
        self._slices, self._noise_sd, self._gap = slices, noise_sd, gap
        self._paired = np.ones(len(slices) - gap, bool) if paired is None else paired
        self._low_passed = np.empty(slices.values.shape, np.float32)
        self._is_filtered = [False] * len(slices)
        self._locks = [threading.Lock() for _ in range(len(slices))]

    def low_passed(self, index: int) -> np.ndarray:
        """LPF(x_index), (rows, columns) float32, normalized."""
        with self._locks[index]:
            if not self._is_filtered[index]:
                self._low_passed[index] = low_pass(self._slices.values[index], self._noise_sd)
                self._is_filtered[index] = True
            return self._low_passed[index]

    def low_passed_stack(self) -> np.ndarray:
        """LPF of all slices, (slices, rows, columns) float32, normalized: the array itself, no copy."""
        for index in range(len(self._slices)):
            self.low_passed(index)
        return self._low_passed

    def partner(self, index: int) -> int:
        """The slice that slice `index` is compared with: index + gap, or index - gap among the last `gap` slices."""
        return index + self._gap if index + self._gap < len(self._slices) else index - self._gap

    def residual_slice(self, index: int) -> np.ndarray:
        """|LPF(x_i) - LPF(x_i+gap)| of Eq. 3 for slice `index`.

        Returns:
            (rows, columns) float32, normalized; +inf where either voxel is excluded, and everywhere if a hole is
            between the slices. The last `gap` slices show the residual of the last pair that they belong to.
        """
        other = self.partner(index)
        residual = np.abs(self.low_passed(index) - self.low_passed(other))
        excluded = self._slices.excluded
        if excluded is not None:
            residual[excluded[index] | excluded[other]] = np.inf
        if not self._paired[min(index, other)]:
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
        residual = np.empty(self._slices.values.shape, np.float32)
        for index, values in self.residual_slices(progress, should_stop):
            residual[index] = values
        return slices_back(residual, self._slices.axis)

    def residual_slices(
        self, progress: Callable[[float], None] | None = None, should_stop: Callable[[], bool] | None = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """(index, `residual_slice`) of every slice in order, so that nobody needs the whole; else as `residual`."""
        pool = ThreadPoolExecutor(os.cpu_count() or 1)
        count = len(self._slices)
        try:
            filtered = [pool.submit(self.low_passed, index) for index in range(count)]
            for index in range(count):
                filtered[index].result()
                yield index, self.residual_slice(index)
                if should_stop is not None and should_stop():
                    raise Cancelled("stopped on request")
                if progress is not None:
                    progress((index + 1) / count)
        finally:
            pool.shutdown(cancel_futures=True)  # stopping must not wait for the whole volume
