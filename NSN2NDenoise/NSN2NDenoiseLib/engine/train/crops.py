"""Where the training crops lie: which pair, which corner."""

import numpy as np

#: Side of the cells in which a slice's content is weighed.
CELL = 16
#: A cell without tissue is still drawn this often, relative to one full of tissue.
EMPTY = 0.2
#: Normalized value above which a pixel counts as tissue.
TISSUE = 0.1


class CropSampler:
    """Draws crops where there is something to learn: tissue more often than air, padding never at the center.

    Args:
        stack: (slices, rows, columns), normalized.
        excluded: boolean, same shape, or None.
        gap: pairs are (x_i, x_i+gap).
        crop: side of a crop in pixels; 0 for whole slices.
        seed: of the random numbers.
        paired: (slices - gap,) bool, which pairs are drawn; None for all.

    Attributes:
        pairs: how many are drawn from.
    """

    def __init__(
        self, stack: np.ndarray, excluded: np.ndarray | None, gap: int, crop: int, seed: int, paired=None
    ) -> None:
        self.shape = stack.shape[1:]
        self.size = tuple(min(crop, side) if crop else side for side in self.shape)
        self._random = np.random.default_rng(seed)
        self._queue = np.zeros(0, int)
        count = stack.shape[0] - gap
        self._paired = np.arange(count) if paired is None else np.flatnonzero(paired)
        self.pairs = len(self._paired)
        self._whole = self.size == self.shape
        if not self._whole:
            weights = np.stack([_cell_weights(stack, excluded, i, gap) for i in range(count)])
            weights[np.setdiff1d(np.arange(count), self._paired)] = 0.0
            self._cells = weights.shape
            self._cumulative = np.cumsum(weights.ravel(), dtype=np.float64)

    def draw(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`count` crops: pair numbers i, first rows, first columns, each (count,) int.

        Whole slices come as epochs: each pair once, in random order, before any comes again.
        """
        if self._whole:
            while len(self._queue) < count:
                self._queue = np.concatenate([self._queue, self._random.permutation(self._paired)])
            drawn, self._queue = self._queue[:count], self._queue[count:]
            return drawn, np.zeros(count, int), np.zeros(count, int)
        at = np.searchsorted(self._cumulative, self._random.random(count) * self._cumulative[-1], side="right")
        pair, row, column = np.unravel_index(np.minimum(at, self._cumulative.size - 1), self._cells)
        corners = []
        for cell, side, size in zip((row, column), self.shape, self.size, strict=True):
            center = cell * CELL + self._random.integers(0, CELL, count)
            corners.append(np.clip(center - size // 2, 0, side - size))
        return pair, corners[0], corners[1]


def _cell_weights(stack: np.ndarray, excluded: np.ndarray | None, index: int, gap: int) -> np.ndarray:
    """How often the cells of pair `index` are drawn, (cell rows, cell columns) float32."""
    useful = np.full(stack.shape[1:], EMPTY, np.float32)
    useful[stack[index] > TISSUE] = 1.0
    if excluded is not None:
        useful[excluded[index] | excluded[index + gap]] = 0.0
    rows, columns = (-(-side // CELL) for side in useful.shape)
    padded = np.zeros((rows * CELL, columns * CELL), np.float32)
    padded[: useful.shape[0], : useful.shape[1]] = useful
    return padded.reshape(rows, CELL, columns, CELL).mean(axis=(1, 3))
