"""Notices a run that collapsed, so that it is never handed out as a success."""

import numpy as np

from ..errors import RunError

#: Volumes whose anatomy has a smaller SD than this many noise SDs tell nothing: of a uniform phantom, little but the
#: mean may stay, and what stays of the noise correlates with what goes.
MIN_ANATOMY = 1.0
#: The output must keep at least this part of the anatomy's contrast (SD over tissue and air).
MIN_CONTRAST = 0.3
#: The removed noise may correlate with the image at most this much ...
MAX_CORRELATION = 0.5
#: ... unless hardly anything was removed, in units of the noise SD.
NEGLIGIBLE = 0.3
#: Voxels that the guards look at.
SAMPLE = 2_000_000


def check_result(before: np.ndarray, after: np.ndarray, excluded: np.ndarray | None, noise_sd: float) -> None:
    """Compare a volume with its denoised version.

    Args:
        before, after: (slices, rows, columns), normalized.
        excluded: boolean, same shape, or None.
        noise_sd: SD of the noise, normalized.

    Raises:
        RunError: the result is not finite, nearly constant, or the removed noise is the image.
    """
    step = max(1, before.size // SAMPLE)
    noisy, clean = before.ravel()[::step], after.ravel()[::step]
    if excluded is not None:
        inside = ~excluded.ravel()[::step]
        noisy, clean = noisy[inside], clean[inside]
    if not np.isfinite(clean).all():
        raise RunError("the network gave NaN or infinite values; try another seed, or precision float32")
    anatomy = float(max(noisy.var() - noise_sd**2, 0.0)) ** 0.5
    if anatomy <= MIN_ANATOMY * noise_sd:
        return
    contrast = float(clean.std()) / anatomy
    if contrast < MIN_CONTRAST:
        raise RunError(
            f"the training collapsed: the output keeps {100 * contrast:.0f} % of the image's contrast. Try another "
            "seed, more steps or a larger threshold (so that more voxels match)"
        )
    removed = noisy - clean
    if removed.std() > NEGLIGIBLE * noise_sd and clean.std() > 0:
        correlation = float(np.corrcoef(removed, clean)[0, 1])
        if abs(correlation) > MAX_CORRELATION:
            raise RunError(
                f"the removed noise correlates with the image ({correlation:.2f}), so anatomy was removed. Try another "
                "seed, more steps or another threshold"
            )
