"""Zero-Shot Noise2Noise: a tiny network trained anew on each slice, on its two diagonal down-samplings."""

import numpy as np
import torch
from torch import nn

from Benchmark.Peers.training import Scale, device, fast

LABEL = "Zero-Shot Noise2Noise"
SOURCE = "Mansour and Heckel, CVPR 2023 (own implementation)"
LICENSE = "part of this repository"
PACKAGE = None
RANDOM = True
SWEEP = [{}]


def denoise(case, seed, progress, iterations=2000, every=1):
    """Each n-th slice (every = n) for itself: 2000 Adam iterations at 1e-3, halved after 1000, 48 channels."""
    scale = Scale.of(case.noisy)
    result = case.noisy.copy()
    slices = list(range(0, len(result), every))
    for n, k in enumerate(slices):
        torch.manual_seed(seed + k)
        plane = scale.apply(case.noisy[k])
        result[k] = scale.undo(denoise_slice(plane, iterations, lambda part, n=n: progress((n + part) / len(slices))))
    return result, slices


def denoise_slice(plane, iterations, progress):
    """Train on one normalized slice (J, I), then denoise it."""
    rows, columns = plane.shape
    padded = np.pad(plane, ((0, rows % 2), (0, columns % 2)), mode="edge")
    image = torch.from_numpy(padded)[None, None].to(device())
    net = nn.Sequential(
        nn.Conv2d(1, 48, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(48, 48, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(48, 1, 1),
    ).to(device(), memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=max(iterations // 2, 1), gamma=0.5)
    first, second = downsample(image)
    for step in range(iterations):
        optimizer.zero_grad(set_to_none=True)
        with fast():
            loss = loss_of(net, image, first, second)
        loss.backward()
        optimizer.step()
        schedule.step()
        progress((step + 1) / iterations)
    with torch.no_grad():
        return (image - net(image))[0, 0, :rows, :columns].cpu().numpy()


def downsample(image):
    """Means of the two diagonals of each 2 x 2 cell."""
    a, b = image[..., ::2, ::2], image[..., ::2, 1::2]
    c, d = image[..., 1::2, ::2], image[..., 1::2, 1::2]
    return (b + c) / 2, (a + d) / 2


def loss_of(net, image, first, second):
    """Symmetric residual loss plus consistency between denoising and down-sampling; net predicts the noise."""
    clean_first, clean_second = first - net(first), second - net(second)
    mse = nn.functional.mse_loss
    residual = 0.5 * (mse(clean_first, second) + mse(clean_second, first))
    down_first, down_second = downsample(image - net(image))
    return residual + 0.5 * (mse(clean_first, down_first) + mse(clean_second, down_second))
