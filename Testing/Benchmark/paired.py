"""One method against another over draws of the noise: mean lead, its SD, a paired t test, and what is called a tie."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

#: A lead with a p value of this or more is a tie.
LEVEL = 0.05


@dataclass(frozen=True)
class Lead:
    """mean: by how much the first is ahead; sd: over the draws; p: of the paired t test, two-sided; draws: how many.

    sd and p are None with one draw.
    """

    mean: float
    sd: float | None
    p: float | None
    draws: int

    @property
    def verdict(self):
        """ "ahead", "behind" or "tie"; one draw decides nothing, so that is a tie."""
        if self.p is None or self.p >= LEVEL:
            return "tie"
        return "ahead" if self.mean > 0 else "behind"


def lead(first, second):
    """Lead of `first` over `second`: dicts draw -> figure; draws that only one of them has don't count.

    Raises ValueError where they have no draw in common.
    """
    common = sorted(first.keys() & second.keys())
    if not common:
        raise ValueError("the two methods have no draw in common")
    differences = np.array([first[draw] - second[draw] for draw in common])
    mean = float(differences.mean())
    if len(common) == 1:
        return Lead(mean, None, None, 1)
    sd = float(differences.std(ddof=1))
    if sd == 0:  # the same in each draw
        return Lead(mean, sd, 1.0 if mean == 0 else 0.0, len(common))
    return Lead(mean, sd, float(stats.ttest_1samp(differences, 0.0).pvalue), len(common))
