"""The preset "paper" is Sec. 4.1."""

import pytest
import torch
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.train.training import count_steps, learning_rate
from NSN2NDenoiseLib.engine.train.unet import UNet

PAPER = engine.Settings.from_preset("paper")


def test_numbers_of_sec_4_1():
    assert PAPER.betas == (0.5, 0.999)
    assert (PAPER.lambda_rc, PAPER.lambda_ic) == (0.5, 1.0)
    assert (PAPER.epochs, PAPER.crop, PAPER.gap, PAPER.context) == (100, 0, 1, 0)


def test_the_rate_halves_every_20_of_100_epochs():
    pairs = 7
    steps = count_steps(PAPER, pairs)
    assert steps == 700
    rates = [learning_rate(PAPER, step, steps) for step in range(steps)]
    for fifth in range(5):
        assert set(rates[fifth * 140 : (fifth + 1) * 140]) == {0.001 * 0.5**fifth}


def test_an_epoch_draws_every_pair_once():
    import numpy as np
    from NSN2NDenoiseLib.engine.train.crops import CropSampler

    sampler = CropSampler(np.zeros((9, 20, 30), np.float32), None, gap=1, crop=0, seed=3)
    for _ in range(3):
        assert sorted(sampler.draw(1)[0][0] for _ in range(8)) == list(range(8))
    assert sampler.size == (20, 30)


def test_the_network_is_the_standard_u_net():
    network = UNet(1, PAPER.width, PAPER.levels, PAPER.batch_norm, PAPER.residual)
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(31.04e6, rel=0.001)
    assert network(torch.zeros(1, 1, 32, 48)).shape == (1, 1, 32, 48)
