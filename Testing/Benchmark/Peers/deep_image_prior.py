"""Deep Image Prior: a network fitted to one slice from fixed noise, stopped early."""

import numpy as np
import torch

from Benchmark.Peers.training import Scale, device, unet

LABEL = "Deep Image Prior"
SOURCE = "Ulyanov et al., CVPR 2018 (own implementation, engine's U-Net)"
LICENSE = "part of this repository"
PACKAGE = None
RANDOM = True
SWEEP = [{"iterations": n} for n in (300, 600, 1200)]

INPUT_CHANNELS = 32
INPUT_JITTER = 1 / 30
AVERAGE = 0.99  # exponential average of the outputs, as the authors use for denoising


def denoise(case, seed, progress, iterations, width=32, levels=4, every=1):
    """Each n-th slice (every = n) for itself; Adam at 0.01; the number of iterations is the early stop."""
    scale = Scale.of(case.noisy)
    result = case.noisy.copy()
    slices = list(range(0, len(result), every))
    for n, k in enumerate(slices):
        net = unet(seed + k, width, levels, batch_norm=True, residual=False, in_channels=INPUT_CHANNELS)
        plane = scale.apply(case.noisy[k])
        fitted = fit(net, plane, iterations, lambda part, n=n: progress((n + part) / len(slices)))
        result[k] = scale.undo(fitted)
    return result, slices


def fit(net, plane, iterations, progress):
    """Average output of net while it is fitted to one normalized slice (J, I)."""
    rows, columns = plane.shape
    padded = np.pad(plane, ((0, -rows % net.multiple), (0, -columns % net.multiple)), mode="reflect")
    target = torch.from_numpy(padded)[None, None].to(device())
    code = 0.1 * torch.rand(1, INPUT_CHANNELS, *padded.shape, device=device())
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    average = None
    for step in range(iterations):
        output = net(code + INPUT_JITTER * torch.randn_like(code))
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.mse_loss(output, target).backward()
        optimizer.step()
        average = output.detach() if average is None else AVERAGE * average + (1 - AVERAGE) * output.detach()
        progress((step + 1) / iterations)
    return average[0, 0, :rows, :columns].cpu().numpy()
