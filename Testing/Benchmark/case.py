"""One denoising problem as every method sees it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Case:
    """A noisy volume and what is known about it.

    noisy: float32 (K, J, I) in image units.
    spacing: (k, j, i) in mm.
    sigma: noise SD in image units: the true one where the noise was simulated, else measured in homogeneous tissue.
    rician: True for the noise of magnitude MR.
    reference, ceiling, mask, data_range: what the result is judged against; None on real volumes. Methods don't look at
        them, but for the reference in `noise_psd`, which gives BM3D and BM4D the true spectrum.
    training: function(seed) -> (clean, noisy, noisy_again), float32 (K, J, I), another volume or other slices with the
        same kind of noise, for the supervised methods; None where there is no such thing.
    spread: factor on sigma at each voxel where the noise varies over the volume, as drawn; None: it does not.
    """

    noisy: np.ndarray
    spacing: tuple
    sigma: float
    rician: bool = False
    reference: np.ndarray | None = None
    ceiling: np.ndarray | None = None
    mask: np.ndarray | None = None
    data_range: float | None = None
    training: Callable | None = None
    description: dict = field(default_factory=dict)
    spread: np.ndarray | None = None

    @property
    def noise_psd(self):
        """Mean over the slices of |FFT2(noise)|^2 of the true noise, (J, I); None without a reference."""
        if self.reference is None:
            return None
        spectrum = np.fft.fft2(self.noisy.astype(np.float64) - self.reference)
        return np.mean(np.abs(spectrum) ** 2, axis=0)


@dataclass
class BadCase:
    """Stands for a case that could not be built; the reason is the row of each method."""

    reason: str


class CannotRun(Exception):
    """A method that cannot run on this case or machine; the text says why and becomes its row."""
