"""The losses of Sec. 3.3, Eqs. 4 to 7.

Every squared norm is divided by the same count, the pixels of the batch that are not excluded (padding), matched or
not. So Eq. 7's weights keep the paper's meaning whatever part of the pixels is matched, and a loss does not grow with
the image.
"""

import torch


def _mean_square(difference: torch.Tensor, weights: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """sum((difference * weights)^2) / count, for weights of 0 and 1."""
    return (difference.square() * weights).sum() / count


def reconstruction_loss(f_i, f_next, target_next, target_i, w, count) -> torch.Tensor:
    """L_Recon, Eq. 4, with W_i on both terms as Eq. 2 has it.

    Args:
        f_i, f_next: f(x_i), f(x_i+1), (batch, 1, rows, columns).
        target_next, target_i: what f(x_i) and f(x_i+1) are compared with: x_i+1 and x_i.
        w: W_i, 1 on matched pixels, 0 elsewhere; 0 on excluded ones.
        count: the number of pixels that are not excluded.
    """
    return 0.5 * (_mean_square(f_i - target_next, w, count) + _mean_square(f_next - target_i, w, count))


def regional_consistency_loss(f_i, f_next, w, count) -> torch.Tensor:
    """L_RC, Eq. 5: the same output for both slices where they are matched."""
    return _mean_square(f_i - f_next, w, count)


def interslice_continuity_loss(f_middle, f_i, f_next, valid, count) -> torch.Tensor:
    """L_IC, Eq. 6: f((x_i + x_i+1) / 2) is the mean of f(x_i) and f(x_i+1), over all pixels but the excluded ones."""
    return _mean_square(f_middle - 0.5 * (f_i + f_next), valid, count)


def total_loss(reconstruction, regional_consistency, interslice_continuity, lambda_rc, lambda_ic) -> torch.Tensor:
    """L, Eq. 7."""
    return reconstruction + lambda_rc * regional_consistency + lambda_ic * interslice_continuity
