"""Did anatomy go? What a person sees in the removed noise: detail of the image, too much of it, and in some places."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..look import Look
from ..volume.slices import Slices

#: Slices that are looked at, at most.
MOST = 24
#: SDs in pixels of the two low-passes between which fine detail lies.
DETAIL = (0.7, 1.4)
#: SD of the low-pass that tells tissue, and the part of the tissue's mean from which on it is some.
SMOOTH, TISSUE = 2.0, 0.25
#: Pixels over which removed energy is averaged, and the quantile of it that anatomy shows in.
LOCAL, STRONG = 5, 0.99
#: Weights of the logarithms of `detail`, `energy` and `places`, and the constant: fitted by `check_guard.py`.
WEIGHTS, CONSTANT = (1.48, 1.71, 3.73), -2.94
#: Kept from the logarithm of 0.
LEAST = 1e-3
#: An alarm from this probability on.
CERTAIN = 0.7
ALARM = (
    "What was removed looks more like anatomy than like noise ({:.0f} % likely): look at the removed noise, and lower "
    "the strength or the threshold, or keep the input."
)


@dataclass(frozen=True)
class Likeness:
    """How much what was removed is like anatomy.

    Attributes:
        detail: correlation (absolute) of what was removed with the result, of both the fine detail.
        energy: mean square of what was removed, in units of the noise's variance there.
        places: the same in the places where it is strongest (1 %), in units of its median. Noise is as strong in
            one place as in another; what is not is anatomy.
    """

    detail: float
    energy: float
    places: float

    @property
    def probability(self) -> float:
        """That the result is worse than the input, 0 to 1, as learned from results with a known truth."""
        logs = np.log(np.array([self.detail, self.energy, self.places]) + LEAST)
        return float(1 / (1 + np.exp(-(np.dot(WEIGHTS, logs) + CONSTANT))))


def likeness(slices: Slices, denoised: np.ndarray, look: Look) -> Likeness | None:
    """Compare what was removed with the result and with the noise, in tissue.

    Args:
        slices: the input, normalized.
        denoised: as its values.
        look: at the volume.

    Returns:
        None where nothing was removed, or there is no tissue.
    """
    return likeness_of([compare_slice(slices, denoised, look, k) for k in looked_at(len(denoised))])


def looked_at(count: int) -> np.ndarray:
    """Which of so many slices are compared, (n,) int."""
    return np.unique(np.linspace(0, count - 1, MOST).astype(int))


def likeness_of(compared: list[tuple[np.ndarray, np.ndarray]]) -> Likeness | None:
    """As `likeness`, of what `compare_slice` returned for slices, or for parts of them."""
    if not compared:
        return None
    products, energies = zip(*compared, strict=True)
    crossed, removed, own = np.sum(products, axis=0)
    energy = np.concatenate(energies)
    middle = np.median(energy) if energy.size else 0.0
    if not (removed > 0 and own > 0 and middle > 0):
        return None
    detail = abs(crossed) / np.sqrt(removed * own)
    return Likeness(float(detail), float(energy.mean()), float(np.quantile(energy, STRONG) / middle))


def alarm(found: Likeness | None) -> str | None:
    """What to say, in red, of a result from which anatomy seems to be gone; None of others."""
    return None if found is None or found.probability <= CERTAIN else ALARM.format(100 * found.probability)


def compare_slice(
    slices: Slices, denoised: np.ndarray, look: Look, k: int, inside: tuple[slice, slice] = (slice(None), slice(None))
) -> tuple[np.ndarray, np.ndarray]:
    """Of a slice's tissue, or of what lies inside some of its rows and columns: products of removed and own detail,
    (3,); local energy removed, in units of the noise's, (n,).
    """
    image, removed = denoised[k], slices.values[k] - denoised[k]
    tissue = ndimage.gaussian_filter(image, SMOOTH) > TISSUE * look.noise.level
    if slices.excluded is not None:
        tissue &= ~slices.excluded[k]
        removed[slices.excluded[k]] = 0
    counted = np.zeros_like(tissue)
    counted[inside] = tissue[inside]
    own, gone = (_detail(plane)[counted].astype(np.float64) for plane in (image, removed))
    variance = np.square(look.noise.local.slab(k, k + 1)[0])
    energy = ndimage.uniform_filter(np.square(removed), LOCAL) / variance
    return np.array([gone @ own, gone @ gone, own @ own]), energy[counted]


def _detail(plane: np.ndarray) -> np.ndarray:
    return ndimage.gaussian_filter(plane, DETAIL[0]) - ndimage.gaussian_filter(plane, DETAIL[1])
