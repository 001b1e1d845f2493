"""The automatic threshold th of Eq. 3, from the noise that is left in the residual."""

import numpy as np

#: th in units of the residual's noise level.
FACTOR = 3.0
#: The residual of a matched pixel is |difference of two left-over noises|; this quantile of all residuals is well
#: inside them.
QUANTILE = 0.4
#: What the quantile of |N(0, 1)| is.
HALF_NORMAL_QUANTILE = 0.5244
#: th is kept within these normalized values.
RANGE = (0.001, 0.2)


def automatic_threshold(residuals: np.ndarray) -> float:
    """A th that lets the left-over noise pass and stops structure (the two conditions of Sec. 3.2).

    Args:
        residuals: |LPF(x_i) - LPF(x_i+1)| of tissue, normalized, any shape, finite.

    Returns:
        th, normalized, rounded to 4 decimals.
    """
    if residuals.size == 0:
        return RANGE[0]
    noise_level = float(np.quantile(residuals, QUANTILE)) / HALF_NORMAL_QUANTILE
    return round(float(np.clip(FACTOR * noise_level, *RANGE)), 4)
