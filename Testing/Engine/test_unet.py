"""The network's magnified view of a slice, and its units."""

import pytest
import torch
from NSN2NDenoiseLib.engine.train.unet import UNet, magnified


def test_a_flat_slice_shows_nothing_but_its_mean():
    view = magnified(torch.full((1, 3, 16, 16), 0.7), gain=20.0)
    assert view.shape == (1, 4, 16, 16)
    assert view[:, :3].abs().max() < 1e-4
    assert torch.allclose(view[:, 3], torch.tensor(0.7))


def test_one_bright_pixel_by_hand():
    image = torch.zeros(1, 1, 16, 16)
    image[0, 0, 8, 8] = 0.25
    view = magnified(image, gain=10.0)
    assert float(view[0, 1, 8, 8]) == pytest.approx(0.25 / 25)  # mean of 5 x 5
    assert float(view[0, 0, 8, 8]) == pytest.approx(1.60944, abs=1e-4)  # asinh(10 * (0.25 - 0.01)) = asinh(2.4)
    assert float(view[0, 0, 8, 10]) == pytest.approx(-0.09983, abs=1e-4)  # asinh(10 * -0.01)


def test_the_view_of_the_noise_is_the_same_in_air_and_in_bone():
    slices = torch.rand(1, 2, 16, 16)
    assert torch.allclose(magnified(slices, 5.0)[:, :2], magnified(slices + 0.8, 5.0)[:, :2], atol=1e-4)


def test_a_new_residual_network_gives_the_slice_back():
    network = UNet(3, 4, 2, batch_norm=True, residual=True, gain=25.0)
    slices = torch.rand(2, 3, 16, 16)
    assert torch.equal(network(slices), slices[:, :1])


def test_the_output_counts_in_noise_units():
    network = UNet(1, 4, 2, batch_norm=False, residual=True, gain=25.0)
    torch.nn.init.constant_(network.last.bias, 1.0)
    slices = torch.rand(1, 1, 16, 16)
    assert torch.allclose(network(slices), slices - 1 / 25)
