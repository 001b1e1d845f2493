"""The pilot: what stage "first" made, in the targets' compensation."""

import numpy as np
import pytest
import torch
from NSN2NDenoiseLib.engine.train.tensors import SliceTensors


def test_only_what_exceeds_the_left_over_noise_moves_the_target():
    stack = np.full((3, 16, 16), 0.5, np.float32)
    tensors = SliceTensors(stack, stack, np.ones((2, 16, 16), np.uint8), None, 1, 0, torch.device("cpu"))
    pilot = stack.copy()
    pilot[0, :, :8] += 0.1  # a difference of 2 noise SDs
    pilot[0, :, 8:] += 0.01  # 0.2 noise SDs
    piloted = tensors.with_pilot(pilot, noise_sd=0.05)
    cut = piloted.batch([0], [0], [0], (16, 16))
    assert cut["shift"][0, 0, 0, 0].item() == pytest.approx(0.1 - 0.3 * 0.05)
    assert cut["shift"][0, 0, 0, 8].item() == 0
    assert cut["target_next"][0, 0, 0, 0].item() == pytest.approx(0.5 + 0.085)
    assert cut["target_i"][0, 0, 0, 0].item() == pytest.approx(0.5 - 0.085)
