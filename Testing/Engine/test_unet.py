"""The network's magnified view of a slice, and its units."""

import pytest
import torch
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.train.unet import UNet, magnified, make_network


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


def test_first_weights_come_from_the_seed_and_leave_everybodys_random_numbers_alone(monkeypatch):
    settings = engine.Settings.from_preset(width=2, levels=1, seed=7)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        expected = UNet(3, 2, 1, batch_norm=True, residual=True, gain=5.0).state_dict()
    before, seeded = torch.get_rng_state(), []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)  # no fork puts that of a GPU back
    made = make_network(settings, 0.05).state_dict()
    assert torch.equal(torch.get_rng_state(), before) and not seeded
    assert all(torch.equal(made[name], expected[name]) for name in expected)
