"""Eqs. 4 to 7 against numbers worked by hand."""

import pytest
import torch
from NSN2NDenoiseLib.engine.train.losses import (
    interslice_continuity_loss,
    reconstruction_loss,
    regional_consistency_loss,
    total_loss,
)


def image(*values: float) -> torch.Tensor:
    """(1, 1, 1, n)."""
    return torch.tensor(values).reshape(1, 1, 1, -1)


# four pixels: matched, matched, not matched, excluded
W = image(1, 1, 0, 0)
VALID = image(1, 1, 1, 0)
COUNT = torch.tensor(3.0)


def test_reconstruction_loss_is_the_mean_of_both_directions_over_matched_pixels():
    f_i, f_next = image(1, 2, 50, 50), image(0, 5, 50, 50)
    x_i, x_next = image(2, 1, 0, 0), image(3, 2, 0, 0)
    # f_i - x_next: -2, 0 -> 4;  f_next - x_i: -2, 4 -> 20;  (4 + 20) / 2 / 3 = 4
    assert reconstruction_loss(f_i, f_next, x_next, x_i, W, COUNT).item() == pytest.approx(4.0)


def test_both_terms_of_eq_4_are_masked():
    zero, far = image(0, 0, 0, 0), image(0, 0, 9, 9)
    assert reconstruction_loss(far, zero, zero, zero, W, COUNT).item() == 0
    assert reconstruction_loss(zero, far, zero, zero, W, COUNT).item() == 0


def test_regional_consistency_loss_compares_the_outputs_where_matched():
    # differences 1, -3 -> 1 + 9 = 10, over 3 pixels
    value = regional_consistency_loss(image(1, 2, 70, 0), image(0, 5, 0, 0), W, COUNT).item()
    assert value == pytest.approx(10 / 3)


def test_interslice_continuity_loss_is_over_all_valid_pixels():
    # means 1, 3, 5; differences 1, 0, 2 -> 1 + 0 + 4 = 5, over 3 pixels; the excluded fourth does not count
    value = interslice_continuity_loss(image(2, 3, 7, 99), image(0, 2, 4, 0), image(2, 4, 6, 0), VALID, COUNT).item()
    assert value == pytest.approx(5 / 3)


def test_total_loss_weighs_the_terms_as_eq_7():
    assert total_loss(2.0, 4.0, 3.0, 0.5, 1.0) == pytest.approx(2 + 0.5 * 4 + 1.0 * 3)


def test_gradient_of_an_unmatched_pixel_is_zero():
    f_i = image(1.0, 2.0, 3.0, 4.0).requires_grad_()
    target = image(0, 0, 0, 0)
    (
        reconstruction_loss(f_i, target, target, target, W, COUNT) + regional_consistency_loss(f_i, target, W, COUNT)
    ).backward()
    assert f_i.grad[..., :2].abs().min() > 0
    assert f_i.grad[..., 2:].abs().max() == 0
