"""The automatic threshold th of Eq. 3, from the noise of the volume."""

#: th in units of the noise SD of a slice.
NOISE_SDS = 3.0
#: th is kept within these normalized values.
RANGE = (0.001, 0.5)


def automatic_threshold(noise_sd: float) -> float:
    """A th that lets left-over noise pass and stops structure (the two conditions of Sec. 3.2).

    The low-pass filter leaves a small part of white noise and up to the half of noise without high frequencies, so
    |LPF(x_i) - LPF(x_i+1)| of a matched pixel stays below three noise SDs of the unfiltered slices; what exceeds them
    is structure.

    Args:
        noise_sd: SD of the noise in tissue, normalized.

    Returns:
        th, normalized, rounded to 4 decimals.
    """
    return round(min(max(NOISE_SDS * noise_sd, RANGE[0]), RANGE[1]), 4)
