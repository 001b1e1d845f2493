"""The pilot: the network's own output in the targets' compensation."""

import sys

import numpy as np
import pytest
import torch
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.stages import learn
from NSN2NDenoiseLib.engine.train.tensors import SliceTensors

from .phantoms import phantom


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


@pytest.mark.parametrize(("pilot", "expected"), [(0.5, [10]), (0.1, [5]), (0.0, []), (1.0, [])])
def test_the_pilot_is_made_once_at_its_step(monkeypatch, pilot, expected):
    _, noisy = phantom(slices=6, side=48)
    steps, made = [], []
    monkeypatch.setattr(sys.modules[learn.__module__], "FIRST_PILOT", 5)
    monkeypatch.setattr(SliceTensors, "with_pilot", lambda self, *_: made.append(len(steps)) or self)
    batch = SliceTensors.batch
    monkeypatch.setattr(SliceTensors, "batch", lambda self, *a: steps.append(1) or batch(self, *a))
    engine.denoise(noisy, engine.Settings.from_preset(steps=20, width=4, levels=2, crop=32, batch=2, pilot=pilot))
    assert made == expected
    assert len(steps) == 20
