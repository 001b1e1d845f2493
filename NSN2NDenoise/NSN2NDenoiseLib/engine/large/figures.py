"""What is told of a volume at the end, gathered brick by brick."""

from dataclasses import astuple, dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np

from ..judge.gain import GainSums
from ..judge.guards import SAMPLE, check_result
from ..judge.likeness import alarm, compare_slice, likeness_of, looked_at
from ..judge.measure import effect, plain
from ..look import Look
from ..noise.blocks import block_means, block_variances, middle_and_largest, middle_sd
from ..stages.spare import Totals
from ..stages.state import State
from ..stages.strength import mix
from ..volume.part import Box, placed


@dataclass(frozen=True)
class Piece:
    """Sums and samples of a brick; those of stage "judge" are taken where it would look.

    Attributes:
        totals: of stage "spare".
        matched: part of the voxels with W_i = 1.
        voxels: their number.
        made_by: the stages that made the result; a brick may need fewer than the whole.
        shifts: (n,) of the means of homogeneous blocks.
        variances: (2, n) of these blocks, before and after.
        products: (slices, 3), see `compare_slice`.
        energies: (m,), likewise, of all slices.
        noisy, denoised: (k,) samples.
    """

    totals: Totals
    matched: float
    voxels: int
    made_by: tuple[str, ...]
    shifts: np.ndarray
    variances: np.ndarray
    products: np.ndarray
    energies: np.ndarray
    noisy: np.ndarray
    denoised: np.ndarray

    @classmethod
    def of(cls, state: State, core: Box, totals: Totals) -> "Piece":
        """Of a brick before its bias is taken away.

        Args:
            state: of the brick and what lies around it.
            core: the brick in it.
            totals: of stage "spare".
        """
        noisy, denoised = state.slices.values[core], state.denoised[core]
        mixed = denoised if state.plan.settings.strength == 1 else mix(noisy, denoised, state.plan.settings.strength)
        blocks = state.look.inside(placed(core, state.region)).blocks
        look, size = state.look.inside(state.region), state.look.shape
        numbers = looked_at(size[0]) - state.region[0].start
        compared = [
            compare_slice(state.slices, state.denoised, look, k, core[1:])
            for k in numbers
            if core[0].start <= k < core[0].stop
        ]
        step = max(1, int(np.prod(size, dtype=np.int64)) // SAMPLE)
        inside = slice(None) if state.slices.excluded is None else ~state.slices.excluded[core].ravel()[::step]
        return cls(
            totals=totals,
            matched=state.matched,
            voxels=noisy.size,
            made_by=state.made_by,
            shifts=block_means(mixed, blocks) - block_means(noisy, blocks),
            variances=np.stack([block_variances(noisy, blocks), block_variances(mixed, blocks)]),
            products=np.array([products for products, _ in compared]).reshape(-1, 3),
            energies=np.concatenate([energies for _, energies in compared] or [np.zeros(0, np.float32)]),
            noisy=noisy.ravel()[::step][inside].copy(),  # or all of the brick would stay in memory
            denoised=denoised.ravel()[::step][inside].copy(),
        )

    def save(self, path: Path) -> None:
        """Write it to a file, whole or not at all."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "totals"}
        values["made_by"] = np.array(self.made_by, dtype=str)
        part = path.with_suffix(".part")
        with open(part, "wb") as file:
            np.savez(file, totals=np.array([astuple(self.totals.spared), astuple(self.totals.full)]), **values)
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Piece":
        """The inverse of `save`."""
        with np.load(path, allow_pickle=False) as file:
            values = {name: file[name] for name in file.files}
        totals = Totals(*(GainSums(int(row[0]), *map(float, row[1:])) for row in values.pop("totals")))
        made_by = tuple(map(str, values.pop("made_by")))
        return cls(
            **{**values, "matched": float(values["matched"]), "voxels": int(values["voxels"])},
            totals=totals,
            made_by=made_by,
        )

    def made(self, made_by: tuple[str, ...]) -> "Piece":
        """The same after the last stages."""
        return replace(self, made_by=made_by)


class Figures:
    """Of all bricks together.

    Args:
        look: at the volume.
        pieces: of its bricks.
    """

    def __init__(self, look: Look, pieces: list[Piece]) -> None:
        self._look, self._pieces = look, pieces
        self.totals: Totals = reduce(add, (piece.totals for piece in pieces))
        self.made_by = max((piece.made_by for piece in pieces), key=len)
        self.matched = float(np.average([p.matched for p in pieces], weights=[p.voxels for p in pieces]))

    def judge(self, noise_left: float) -> dict:
        """The figures of stage "judge", ready for JSON.

        Raises:
            RunError: it is no result: not finite, nearly constant, or without the anatomy.
        """
        check_result(self._all("noisy"), self._all("denoised"), None, self._look.noise.sd)
        found = likeness_of([(piece.products.sum(axis=0), piece.energies) for piece in self._pieces])
        return {
            **effect(self._look, middle_and_largest(self._all("shifts")), self._flat(), noise_left),
            "anatomyRemoved": None if found is None else plain(found.probability, 2),
            "alarm": alarm(found),
        }

    def unchanged(self) -> dict:
        """The same of a volume that is left as it was."""
        shift = 0.0 if self._look.blocks.count else float("nan")
        flat = self._flat()[0]
        return {**effect(self._look, (shift, shift), (flat, flat), 1.0), "anatomyRemoved": None, "alarm": None}

    def _flat(self) -> tuple[float, float]:
        """SD of the blocks, before and after; NaN without any."""
        before, after = self._all("variances", axis=1)
        return middle_sd(before), middle_sd(after)

    def _all(self, name: str, axis: int = 0) -> np.ndarray:
        return np.concatenate([getattr(piece, name) for piece in self._pieces], axis=axis)
