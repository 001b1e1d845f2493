"""What is told of a volume at the end, gathered brick by brick."""

from dataclasses import dataclass, field

import numpy as np

from ..judge.guards import SAMPLE, check_result
from ..judge.likeness import alarm, compare_slice, likeness_of, looked_at
from ..judge.measure import effect, plain
from ..look import Look
from ..noise.blocks import block_means, middle_and_largest
from ..stages.spare import Totals
from ..stages.state import State
from ..volume.part import Box, placed


@dataclass
class Figures:
    """Sums and samples of all bricks so far; those of stage "judge" are taken where it would look.

    Attributes:
        totals: of stage "spare".
        matched: number of matched voxels.
        voxels: of the bricks.
        made_by: the stages that made the result; a brick may need fewer.
    """

    look: Look
    totals: Totals = field(default_factory=Totals)
    matched: float = 0.0
    voxels: int = 0
    made_by: tuple[str, ...] = ()
    _shifts: list[np.ndarray] = field(default_factory=list, repr=False)
    _compared: list = field(default_factory=list, repr=False)
    _noisy: list[np.ndarray] = field(default_factory=list, repr=False)
    _denoised: list[np.ndarray] = field(default_factory=list, repr=False)

    def add(self, state: State, core: Box, totals: Totals) -> None:
        """Take in a brick before its bias is taken away.

        Args:
            state: of the brick and what lies around it.
            core: the brick in it.
            totals: of stage "spare".
        """
        size = int(np.prod([side.stop - side.start for side in core]))
        self.totals += totals
        self.matched, self.voxels = self.matched + state.matched * size, self.voxels + size
        noisy, denoised = state.slices.values[core], state.denoised[core]
        blocks = self.look.inside(placed(core, state.region)).blocks
        self._shifts.append(block_means(denoised, blocks) - block_means(noisy, blocks))
        look = self.look.inside(state.region)
        for k in looked_at(self.look.shape[0]) - state.region[0].start:
            if core[0].start <= k < core[0].stop:
                self._compared.append(compare_slice(state.slices, state.denoised, look, k, core[1:]))
        step = max(1, int(np.prod(self.look.shape, dtype=np.int64)) // SAMPLE)
        inside = slice(None) if state.slices.excluded is None else ~state.slices.excluded[core].ravel()[::step]
        self._noisy.append(noisy.ravel()[::step][inside])
        self._denoised.append(denoised.ravel()[::step][inside])

    @property
    def matched_fraction(self) -> float:
        return self.matched / self.voxels

    def judge(self, noise_left: float) -> dict:
        """The figures of stage "judge", ready for JSON.

        Raises:
            RunError: it is no result: not finite, nearly constant, or without the anatomy.
        """
        check_result(np.concatenate(self._noisy), np.concatenate(self._denoised), None, self.look.noise.sd)
        found = likeness_of(self._compared)
        return {
            **effect(self.look, middle_and_largest(np.concatenate(self._shifts)), noise_left),
            "anatomyRemoved": None if found is None else plain(found.probability, 2),
            "alarm": alarm(found),
        }

    def unchanged(self) -> dict:
        """The same of a volume that is left as it was."""
        shift = 0.0 if self.look.blocks.count else float("nan")
        return {**effect(self.look, (shift, shift), 1.0), "anatomyRemoved": None, "alarm": None}
