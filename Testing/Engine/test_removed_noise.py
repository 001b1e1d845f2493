"""The removed noise is exact, in the smallest type that holds it."""

import numpy as np
import pytest
from NSN2NDenoiseLib.engine.volume.removed_noise import removed_noise


@pytest.mark.parametrize(
    ("dtype", "before", "after", "stored"),
    [
        (np.uint8, [0, 255], [255, 0], np.int16),
        (np.int16, [-32768, 32767], [32767, -32768], np.int32),
        (np.uint32, [0, 2**32 - 1], [2**32 - 1, 0], np.float64),
        (np.int64, [-(2**50), 1], [1, 1], np.float64),
        (np.float32, [0.5, 1.0], [0.25, 3.0], np.float32),
        (np.float64, [0.5, 1.0], [0.25, 3.0], np.float64),
    ],
)
def test_removed_noise_of_any_range_is_exact(dtype, before, after, stored):
    noise = removed_noise(np.array([[before]], dtype), np.array([[after]], dtype))
    assert noise.dtype == stored
    assert noise.tolist() == [[[one - other for one, other in zip(before, after, strict=True)]]]
