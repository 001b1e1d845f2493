"""The automatic threshold th of Eq. 3, from the noise of the volume."""

#: th in units of the noise SD of a slice: of white noise, and of noise without high frequencies.
WHITE, SMOOTH = 1.0, 2.5
#: th is kept within these normalized values.
RANGE = (0.001, 0.2)


def automatic_threshold(noise_sd: float, high: float = 1.0) -> float:
    """A th that lets left-over noise pass and stops structure (the two conditions of Sec. 3.2).

    The low-pass filter leaves a small part of the noise, so |LPF(x_i) - LPF(x_i+1)| of a matched pixel stays well below
    the noise SD of the unfiltered slices; what exceeds it is structure. Of noise whose neighboring pixels are
    alike, as in CT, the filter leaves more.

    Args:
        noise_sd: SD of the noise in tissue, normalized.
        high: variance of its highest frequency in units of the mean over all frequencies (1 for white noise).

    Returns:
        th, normalized, rounded to 4 decimals.
    """
    factor = SMOOTH + (WHITE - SMOOTH) * min(high, 1.0)
    return round(min(max(factor * noise_sd, RANGE[0]), RANGE[1]), 4)
