"""The SD of the removed noise around each pixel: noise of CT varies over a slice."""

import torch
from torch.nn import functional

#: SD in pixels of the Gaussian window that the removed noise is looked at in.
WINDOW = 24.0
#: Side in pixels of the cells that are averaged first; much smaller than the window, so that it costs no accuracy.
CELL = 4
#: SD of Gaussian noise in units of its mean absolute value.
SD_PER_MEAN = 1.2533


def local_noise_sd(removed: torch.Tensor, excluded: torch.Tensor | None) -> torch.Tensor:
    """SD of the removed noise in a window around each pixel, from its mean absolute value, slice by slice.

    Args:
        removed: (slices, rows, columns) float32, input - output, any unit.
        excluded: boolean, same shape, True on pixels that do not count; or None.

    Returns:
        As `removed`, in its unit, >= 0.
    """
    counted = torch.ones_like(removed) if excluded is None else (~excluded).float()
    total, share = _window(removed.abs() * counted), _window(counted)
    cells = SD_PER_MEAN * total / share.clamp(min=1e-6)
    smooth = functional.interpolate(cells, scale_factor=CELL, mode="bilinear", align_corners=False)[:, 0]
    return smooth[:, : removed.shape[1], : removed.shape[2]]


def _window(images: torch.Tensor) -> torch.Tensor:
    """Sums of the cells in the Gaussian window, (slices, 1, cell rows, cell columns); 0 beyond the image."""
    rows, columns = images.shape[1:]
    padded = functional.pad(images, (0, -columns % CELL, 0, -rows % CELL))
    cells = functional.avg_pool2d(padded[:, None], CELL)
    reach = round(4 * WINDOW / CELL)
    offsets = torch.arange(-reach, reach + 1, device=images.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (offsets * CELL / WINDOW) ** 2)
    kernel = kernel / kernel.sum()
    across = functional.conv2d(cells, kernel[None, None, None], padding=(0, reach))
    return functional.conv2d(across, kernel[None, None, :, None], padding=(reach, 0))
