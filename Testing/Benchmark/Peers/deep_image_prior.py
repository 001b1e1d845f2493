"""Deep Image Prior: an hourglass network fitted to one slice from fixed noise, stopped early."""

import numpy as np
import torch
from torch import nn

from Benchmark.clock import clock
from Benchmark.Peers.training import Scale, device, fast

LABEL = "Deep Image Prior"
SOURCE = "Ulyanov et al., CVPR 2018 (own implementation)"
LICENSE = "part of this repository"
PACKAGE = None
RANDOM = True
SWEEP = [{"iterations": n} for n in (150, 300, 600, 1200)]

INPUT_CHANNELS = 32
INPUT_JITTER = 1 / 30
SKIP_CHANNELS = 4
AVERAGE = 0.99  # exponential average of the outputs, as the authors use for denoising


class Hourglass(nn.Module):
    """Strided down, bilinear up, narrow skip connections: the prior is in this shape."""

    def __init__(self, width, levels):
        super().__init__()
        self.multiple = 2**levels
        inputs = [INPUT_CHANNELS] + [width] * (levels - 1)
        self.down = nn.ModuleList(
            nn.Sequential(_convolution(n, width, 3, stride=2), _convolution(width, width, 3)) for n in inputs
        )
        self.skip = nn.ModuleList(_convolution(n, SKIP_CHANNELS, 1) for n in inputs)
        self.up = nn.ModuleList(
            nn.Sequential(_convolution(width + SKIP_CHANNELS, width, 3), _convolution(width, width, 1)) for _ in inputs
        )
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, x):
        """(1, 32, rows, columns), multiples of 2 ** levels -> (1, 1, rows, columns) float32."""
        skips = []
        for down, skip in zip(self.down, self.skip, strict=True):
            skips.append(skip(x))
            x = down(x)
        for up, skip in zip(reversed(self.up), reversed(skips), strict=True):
            x = nn.functional.interpolate(x, scale_factor=2, mode="bilinear")
            x = up(torch.cat([x, skip], dim=1))
        return self.last(x).float()


def _convolution(inputs, outputs, kernel, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, padding_mode="reflect"),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.2),
    )


def denoise_sweep(case, seed, progress, sweep, width=64, levels=4, every=1):
    """Each n-th slice (every = n) for itself; Adam at 0.01; one fit gives the result of every early stop of the sweep.

    sweep: dicts with "iterations". Returns for each a tuple (volume, slices, [wall, CPU] seconds up to that stop).
    """
    scale = Scale.of(case.noisy)
    slices = list(range(0, len(case.noisy), every))
    stops = [entry["iterations"] for entry in sweep]
    volumes, spent = [case.noisy.copy() for _ in stops], np.zeros((len(stops), 2))
    for n, k in enumerate(slices):
        torch.manual_seed(seed + k)
        net = Hourglass(width, levels).to(device())
        planes, times = fit(
            net, scale.apply(case.noisy[k]), stops, lambda part, n=n: progress((n + part) / len(slices))
        )
        spent += times
        for volume, plane in zip(volumes, planes, strict=True):
            volume[k] = scale.undo(plane)
    return [(volume, slices, seconds) for volume, seconds in zip(volumes, spent, strict=True)]


def denoise(case, seed, progress, iterations, **settings):
    """One early stop of denoise_sweep."""
    return denoise_sweep(case, seed, progress, [{"iterations": iterations}], **settings)[0][:2]


def fit(net, plane, stops, progress):
    """Average outputs of net at each stop while it is fitted to one normalized slice (J, I), and the seconds there."""
    rows, columns = plane.shape
    padded = np.pad(plane, ((0, -rows % net.multiple), (0, -columns % net.multiple)), mode="reflect")
    target = torch.from_numpy(padded)[None, None].to(device())
    code = 0.1 * torch.rand(1, INPUT_CHANNELS, *padded.shape, device=device())
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    average, found, begin = None, {}, clock()
    for step in range(1, max(stops) + 1):
        with fast():
            output = net(code + INPUT_JITTER * torch.randn_like(code))
        optimizer.zero_grad(set_to_none=True)
        nn.functional.mse_loss(output, target).backward()
        optimizer.step()
        average = output.detach() if average is None else AVERAGE * average + (1 - AVERAGE) * output.detach()
        if step in stops:
            found[step] = average[0, 0, :rows, :columns].cpu().numpy(), clock() - begin
        progress(step / max(stops))
    return [found[n][0] for n in stops], [found[n][1] for n in stops]
