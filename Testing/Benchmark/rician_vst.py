"""Variance stabilization of Rician noise: how denoisers made for white Gaussian noise are used on magnitude MR.

After Foi, ISBI 2011 ("Noise estimation and removal in MR imaging: the variance-stabilization approach"), which the BM4D
paper uses: stabilize, denoise with SD 1, then the exact unbiased inverse, which also undoes the Rician bias. The
stabilizer here is the numerical integral of 1 / SD[M], without Foi's final optimization.
"""

import numpy as np
from scipy.special import ive

from Benchmark.case import CannotRun
from Benchmark.simulate_mr import expected_magnitude

STEP = 0.02  # of the tables, in noise SDs
REACH = 9.0  # noise SDs beyond which the density counts as zero


class RicianVST:
    """forward: magnitude -> values of noise SD 1; inverse: their denoised values -> amplitude, without bias."""

    def __init__(self, sigma, maximum):
        """sigma: SD of the noise of each channel; maximum: largest magnitude, both in image units."""
        self.sigma = float(sigma)
        self.amplitude = np.arange(0.0, maximum / self.sigma + REACH, STEP)
        self.mean = np.asarray(expected_magnitude(self.amplitude, 1.0), dtype=np.float64)
        slope = 1.0 / np.sqrt(2.0 + self.amplitude**2 - self.mean**2)
        steps = 0.5 * (slope[1:] + slope[:-1]) * np.diff(self.mean)
        self.slope = slope[0]
        self.value = np.concatenate([[0.0], np.cumsum(steps)])
        self.mean_value = np.array([self._expected(a) for a in self.amplitude])

    def forward(self, magnitude):
        """Stabilized magnitudes, float32; below E[M | A = 0] the transform is a straight line."""
        return self._stabilize(np.asarray(magnitude, dtype=np.float64) / self.sigma).astype(np.float32)

    def inverse(self, stabilized):
        """The amplitude A with E[forward(M) | A] = stabilized, 0 below that of A = 0; float32 in image units."""
        return (self.sigma * np.interp(stabilized, self.mean_value, self.amplitude, left=0.0)).astype(np.float32)

    def _stabilize(self, z):
        below = np.minimum(z - self.mean[0], 0.0) * self.slope
        return np.interp(z, self.mean, self.value) + below

    def _expected(self, amplitude):
        z = np.arange(max(amplitude - REACH, 0.0), amplitude + REACH, STEP)
        density = z * np.exp(-0.5 * (z - amplitude) ** 2) * ive(0, z * amplitude)
        return float(np.sum(density * self._stabilize(z)) / np.sum(density))


def check_noise(case, noise):
    """Raise CannotRun where a noise model of BM3D and BM4D (their files say which there are) does not fit."""
    if "VST" in noise and not case.rician:
        raise CannotRun("the noise is not Rician")
    if "spectrum" in noise and "VST" not in noise and case.rician:
        raise CannotRun("the noise is white before the magnitude is taken")
    if "spectrum" in noise and case.reference is None:
        raise CannotRun("the true noise spectrum is unknown on a real volume")
