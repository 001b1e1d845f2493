"""The weight matrix W_i of Eq. 3. Training, preview, export and command line all use these functions."""

import numpy as np

from ..errors import SettingsError


def weight_matrix(residual: np.ndarray, threshold: float) -> np.ndarray:
    """W_i of Eq. 3: 0 where |LPF(x_i) - LPF(x_i+1)| > th, else 1.

    Args:
        residual: |LPF(x_i) - LPF(x_i+1)|, normalized, any shape; +inf where a voxel is excluded (padding).
        threshold: th, normalized, in [0, 1].

    Returns:
        uint8 array of the same shape, 1 on matched voxels.

    Raises:
        SettingsError: the threshold is outside [0, 1].
    """
    check_threshold(threshold)
    return np.asarray(residual <= np.float32(threshold)).view(np.uint8)  # a view: the panel's slider calls this


def matched_fraction(residual: np.ndarray, threshold: float) -> float:
    """The part (0 to 1) of the voxels that are matched, among those that are not excluded.

    Raises:
        SettingsError: the threshold is outside [0, 1].
    """
    check_threshold(threshold)
    counted = np.count_nonzero(np.isfinite(residual))
    return np.count_nonzero(residual <= np.float32(threshold)) / counted if counted else 0.0


def check_threshold(threshold: float) -> None:
    """Raise SettingsError unless the threshold is a number in [0, 1]."""
    if not isinstance(threshold, (int, float, np.floating)) or isinstance(threshold, bool) or not 0 <= threshold <= 1:
        raise SettingsError(
            f"threshold is {threshold!r}; it must be a number from 0 to 1, in normalized units (usually 0.002 to 0.1)"
        )
