"""Small volumes whose truth is known."""

import numpy as np
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.noise.color import NoiseColor
from NSN2NDenoiseLib.engine.noise.level import NoiseLevel
from NSN2NDenoiseLib.engine.noise.map import NoiseMap
from NSN2NDenoiseLib.engine.noise.model import NoiseModel


def disc(shape: tuple[int, int], center: tuple[float, float], radius: float) -> np.ndarray:
    """Boolean (rows, columns), True inside a disc."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - center[0]) ** 2 + (columns - center[1]) ** 2 <= radius**2


def phantom(slices: int = 12, side: int = 64, noise: float = 20.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A body with two organs, the same in all slices, clean and with white noise; both float32 (K, J, I)."""
    image = np.full((side, side), -1000.0, np.float32)
    image[disc((side, side), (side / 2, side / 2), 0.42 * side)] = 0.0
    image[disc((side, side), (0.4 * side, 0.4 * side), 0.12 * side)] = 300.0
    image[disc((side, side), (0.62 * side, 0.6 * side), 0.1 * side)] = -200.0
    clean = np.repeat(image[None], slices, axis=0)
    random = np.random.default_rng(seed)
    return clean, clean + noise * random.standard_normal(clean.shape).astype(np.float32)


def mr_phantom(slices: int = 10, side: int = 128) -> np.ndarray:
    """A head without noise as MR shows it: air 0, dark 25, two tissues 100 and 160; float32 (K, J, I)."""
    image = np.zeros((side, side), np.float32)
    image[disc((side, side), (side / 2, side / 2), 0.4 * side)] = 100.0
    image[disc((side, side), (0.4 * side, 0.4 * side), 0.16 * side)] = 160.0
    image[disc((side, side), (0.66 * side, 0.6 * side), 0.1 * side)] = 25.0
    return np.repeat(image[None], slices, axis=0)


def magnitude(clean: np.ndarray, sigma: float, coils: int = 1, seed: int = 0) -> np.ndarray:
    """MR magnitude image (root of the sum of squares over the coils) with noise in each channel; float32."""
    random = np.random.default_rng(seed)
    total = np.zeros(clean.shape)
    for _ in range(coils):
        real = clean / np.sqrt(coils) + sigma * random.standard_normal(clean.shape)
        total += real**2 + (sigma * random.standard_normal(clean.shape)) ** 2
    return np.sqrt(total).astype(np.float32)


def matching_of(volume, *, gap=None, **how):
    """Look, plan and `engine.Matching` of a volume; `how` as in `engine.take_look`."""
    look, slices = engine.take_look(volume, **how)
    plan = engine.make_plan(look, engine.Settings.from_preset(gap=gap))
    return look, plan, engine.Matching(slices, look.noise.sd, plan.gap, plan.paired)


def noise_level(shape, sd, within=None, along=None) -> NoiseLevel:
    """Noise that is known instead of measured.

    Args:
        shape: (slices, rows, columns) of the stack.
        sd: a number, or an array that broadcasts to `shape`.
        within: (4, 4) variances at the frequencies within a slice, any unit; None: white.
        along: (slices of a block,) variances at the frequencies across slices, any unit; None: white.
    """
    sd = np.asarray(sd, np.float32)
    depth = min(4, shape[0])
    color = NoiseColor.of(
        np.ones(16) if within is None else np.ravel(within), np.ones(depth) if along is None else along, ([], [])
    )
    local = np.broadcast_to(sd, shape).copy() if sd.ndim else sd.reshape(1, 1, 1)  # a region per voxel: no smoothing
    return NoiseLevel(
        sd=float(np.median(sd)),
        local=NoiseMap(local, shape),
        color=color,
        slice_correlation=[0.0] * min(3, shape[0] - 1),
        estimates={},
        level=1.0,
        clean=1.0,
        agree=True,
        none=False,
        warnings=[],
    )


def noise_model(shape, sd, within=None, along=None, weights=None) -> NoiseModel:
    """`noise_level` as the filters have to know it; `weights` is W_i, None where all slices match."""
    return NoiseModel(noise_level(shape, sd, within, along), weights)
