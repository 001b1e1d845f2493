"""Whether the noise of two frames is independent, told from the anatomy that they share."""

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.noise.frames import frame_correlation
from scipy import ndimage

SHAPE = (10, 72, 72)


def field(seed: int, width: float, across: float = 0.0) -> np.ndarray:
    values = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(SHAPE), (across, width, width))
    return (values / values.std()).astype(np.float32)


def frames(width: float, across: float, shared: float) -> list[np.ndarray]:
    """Texture of SD 60 under noise of SD 30, of which a part is that of both."""
    anatomy = 500 + 60 * field(1, 3.0, 2.0)
    common = 30 * field(2, width, across)
    return [
        anatomy + np.sqrt(shared) * common + np.sqrt(1 - shared) * 30 * field(3 + n, width, across) for n in range(2)
    ]


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("width", "across"), [(0.0, 0.0), (0.5, 0.0), (0.5, 0.8)])
def test_shared_noise_is_found_under_shared_anatomy(width, across, shared):
    one, other = frames(width, across, shared)
    color = engine.take_look(one, spacing=(3.0, 1.0, 1.0))[0].noise.color
    assert frame_correlation(one, other, None, color) == pytest.approx(shared, abs=0.12)


def test_without_tissue_nothing_is_known():
    nothing = np.zeros(SHAPE, np.float32)
    color = engine.take_look(frames(0.0, 0.0, 0.0)[0])[0].noise.color
    assert np.isnan(frame_correlation(nothing, nothing, None, color))
