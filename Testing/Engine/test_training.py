"""What the training sees, what it must not see, and that it learns."""

import numpy as np
import pytest
import torch
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.train.crops import CropSampler
from NSN2NDenoiseLib.engine.train.tensors import SliceTensors, apply_network
from NSN2NDenoiseLib.engine.train.training import training_step
from NSN2NDenoiseLib.engine.train.unet import make_network

CPU = torch.device("cpu")
SETTINGS = engine.Settings.from_preset(width=4, levels=2, batch_norm=False, context=0, lambda_ic=0.0)


def gradients(stack: np.ndarray, weights: np.ndarray, excluded=None, settings=SETTINGS) -> torch.Tensor:
    """All gradients of one step on the whole slices of one pair."""
    tensors = SliceTensors(stack, None, weights, excluded, 1, settings.context, CPU)
    network = make_network(settings, 0.05)
    torch.nn.init.constant_(network.last.weight, 0.1)
    cut = tensors.batch(np.array([0]), np.array([0]), np.array([0]), stack.shape[1:])
    training_step(network, cut, settings, torch.float32)
    return torch.cat([p.grad.flatten() for p in network.parameters()])


@pytest.fixture
def pair():
    stack = np.random.default_rng(0).random((2, 32, 32), dtype=np.float32)
    weights = np.ones((1, 32, 32), np.uint8)
    return stack, weights


def test_an_unmatched_target_pixel_moves_nothing(pair):
    stack, weights = pair
    # far from any matched pixel, so that it is in no matched pixel's receptive field either
    weights[0, :, 4:] = 0
    changed = stack.copy()
    changed[:, 16, 31] += 0.5
    assert torch.equal(gradients(stack, weights), gradients(changed, weights))
    weights[0, 16, 31] = 1
    assert not torch.equal(gradients(stack, weights), gradients(changed, weights))


def test_excluded_pixels_are_in_no_loss(pair):
    stack, weights = pair
    settings = engine.Settings.from_preset(width=4, levels=2, batch_norm=False, context=0, lambda_ic=1.0)
    excluded = np.zeros(stack.shape, bool)
    excluded[:, :, 4:] = True
    weights[0, :, 4:] = 0
    changed = stack.copy()
    changed[:, 16, 31] += 0.5
    assert torch.equal(gradients(stack, weights, excluded, settings), gradients(changed, weights, excluded, settings))


def test_the_context_lies_away_from_the_target():
    stack = np.arange(9, dtype=np.float32)[:, None, None] * np.ones((9, 16, 16), np.float32) / 9
    tensors = SliceTensors(stack, None, np.ones((8, 16, 16), np.uint8), None, 1, 2, CPU)
    assert tensors.inputs(torch.tensor([4, 0]), +1).tolist() == [[4, 3, 2], [0, 0, 0]]
    assert tensors.inputs(torch.tensor([5, 8]), -1).tolist() == [[5, 6, 7], [8, 8, 8]]


def test_batch_cuts_the_crops_where_it_is_told():
    stack = np.random.default_rng(0).random((5, 40, 50), dtype=np.float32)
    weights = np.random.default_rng(1).integers(0, 2, (3, 40, 50), dtype=np.uint8)
    tensors = SliceTensors(stack, None, weights, None, 2, 1, CPU)
    cut = tensors.batch(np.array([2, 1]), np.array([3, 9]), np.array([5, 30]), (16, 20))
    np.testing.assert_array_equal(cut["input_i"][0, 0], stack[2, 3:19, 5:25])
    np.testing.assert_array_equal(cut["input_i"][0, 1], stack[1, 3:19, 5:25])
    np.testing.assert_array_equal(cut["input_next"][1, 0], stack[3, 9:25, 30:50])
    np.testing.assert_array_equal(cut["input_next"][1, 1], stack[4, 9:25, 30:50])
    np.testing.assert_array_equal(cut["w"][1, 0], weights[1, 9:25, 30:50])
    np.testing.assert_array_equal(cut["target_next"][0, 0], stack[4, 3:19, 5:25])
    np.testing.assert_array_equal(cut["target_i"][0, 0], stack[2, 3:19, 5:25])
    assert cut["valid"].min() == 1


def test_compensated_targets_carry_the_low_passed_difference():
    stack = np.random.default_rng(0).random((3, 16, 16), dtype=np.float32)
    low = np.random.default_rng(1).random((3, 16, 16), dtype=np.float32)
    tensors = SliceTensors(stack, low, np.ones((2, 16, 16), np.uint8), None, 1, 0, CPU)
    cut = tensors.batch(np.array([1]), np.array([0]), np.array([0]), (16, 16))
    np.testing.assert_allclose(cut["target_next"][0, 0], stack[2] + low[1] - low[2], atol=1e-6)
    np.testing.assert_allclose(cut["target_i"][0, 0], stack[1] + low[2] - low[1], atol=1e-6)


def test_crops_avoid_padding_and_prefer_tissue():
    stack = np.zeros((3, 128, 128), np.float32)
    stack[:, :, 64:] = 0.5
    excluded = np.zeros(stack.shape, bool)
    excluded[:, 64:] = True
    sampler = CropSampler(stack, excluded, gap=1, crop=16, seed=0)
    _, tops, lefts = sampler.draw(2000)
    assert (tops + 8).max() < 64
    assert tops.min() >= 0 and (lefts + 16).max() <= 128
    assert 0.75 < np.mean(lefts + 8 >= 64) < 0.92  # 1 : 0.2


def test_a_network_takes_any_slice_size():
    network = make_network(SETTINGS, 0.05)
    images = torch.rand(1, 1, 33, 47)
    assert torch.equal(apply_network(network, images), images)  # a fresh residual network is the identity
