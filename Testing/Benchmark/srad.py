"""Speckle reducing anisotropic diffusion, a peer of `check_speckle.py`."""

import numpy as np


def srad(intensity, steps, time_step=0.1, decay=1 / 6):
    """Yu and Acton, IEEE Trans. Image Process. 11, 2002, in three dimensions; no package that we know of has it.

    intensity: (K, J, I), > 0, as before log compression; steps: numbers of steps.
    Returns {number: float64 (K, J, I)}. The speckle's scale function is exp(-decay t), for fully developed speckle.
    """
    image, found = np.asarray(intensity, np.float64), {}
    for number in range(1, max(steps) + 1):
        ahead, behind = zip(*(_differences(image, axis) for axis in range(3)), strict=True)
        gradient = sum(f * f + b * b for f, b in zip(ahead, behind, strict=True)) / 2 / np.square(image)
        laplacian = (sum(ahead) + sum(behind)) / image
        variation = np.maximum(0.5 * gradient - laplacian**2 / 16, 0) / np.square(1 + laplacian / 4)
        scale = np.exp(-2 * decay * number * time_step)
        conduction = np.clip(1 / (1 + (variation - scale) / (scale * (1 + scale))), 0, 1)
        flow = 0.0
        for axis in range(3):
            flow += (conduction + _differences(conduction, axis)[0]) * ahead[axis] + conduction * behind[axis]
        image = image + time_step / 4 * flow
        if number in steps:
            found[number] = image
    return found


def _differences(image, axis):
    """To the next and to the previous voxel; 0 at the ends."""
    step = np.diff(image, axis=axis)
    end = [(0, 0)] * 3
    ahead, behind = ([*end[:axis], pad, *end[axis + 1 :]] for pad in ((0, 1), (1, 0)))
    return np.pad(step, ahead), -np.pad(step, behind)
