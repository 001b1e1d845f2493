"""What the learned peers share: scaling, random crops, one training loop, prediction slice by slice.

They run with the engine's device, precision and memory layout, so that times compare methods and not implementations.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from NSN2NDenoiseLib.engine.runtime.device import autocast, choose_device, choose_precision
from NSN2NDenoiseLib.engine.train.unet import UNet


@dataclass(frozen=True)
class Scale:
    """Zero mean and unit SD, as one number each per volume."""

    mean: float
    sd: float

    @classmethod
    def of(cls, volume):
        """The scale of a volume."""
        return cls(float(volume.mean()), float(volume.std()) or 1.0)

    def apply(self, volume):
        """Image units to normalized, float32."""
        return ((volume - self.mean) / self.sd).astype(np.float32)

    def undo(self, volume):
        """Normalized to image units, float32."""
        return (volume * self.sd + self.mean).astype(np.float32)


@functools.cache
def device():
    """The device that the engine would take."""
    return choose_device("auto")


@functools.cache
def precision():
    """The precision of the convolutions that the engine would take."""
    return choose_precision("auto", device())


def fast():
    """Context in which the convolutions of a training step run in `precision()`."""
    return autocast(device(), precision())


def unet(seed, width, levels, batch_norm=False, residual=True, in_channels=1, gain=0.0):
    """The engine's U-Net with weights drawn from seed, on `device()`; gain: see UNet."""
    torch.manual_seed(seed)
    net = UNet(in_channels, width, levels, batch_norm, residual, gain)
    return net.to(device(), memory_format=torch.channels_last)


class Crops:
    """Random crops at the same place of several volumes, turned and flipped alike.

    volumes: float32 (K, J, I) arrays of one shape. Iterating has no end; call it for one batch.
    """

    def __init__(self, volumes, batch, size, seed):
        self.volumes = volumes
        self.batch = batch
        self.size = min(size, *(n // 16 * 16 for n in volumes[0].shape[1:]))
        self.rng = np.random.default_rng(seed)

    def __call__(self):
        """A list of tensors (batch, 1, size, size), one for each volume."""
        slices, rows, columns = self.volumes[0].shape
        batches = [[] for _ in self.volumes]
        for _ in range(self.batch):
            k = self.rng.integers(slices)
            j = self.rng.integers(rows - self.size + 1)
            i = self.rng.integers(columns - self.size + 1)
            turns, flip = self.rng.integers(4), self.rng.integers(2)
            for crops, volume in zip(batches, self.volumes, strict=True):
                crop = np.rot90(volume[k, j : j + self.size, i : i + self.size], turns)
                crops.append(np.ascontiguousarray(crop[:, ::-1] if flip else crop))
        return [torch.from_numpy(np.stack(crops))[:, None].to(device()) for crops in batches]


def train(net, loss_of_step, steps, learning_rate, progress, betas=(0.9, 0.99)):
    """Adam, the learning rate falling to zero as a cosine; loss_of_step(fraction of the run) -> scalar tensor."""
    optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate, betas=betas)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: 0.5 * (1 + math.cos(math.pi * n / steps)))
    net.train()
    for step in range(steps):
        with fast():
            loss = loss_of_step(step / steps)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        progress((step + 1) / steps)
    net.eval()


@torch.no_grad()
def predict(net, volume, multiple=16):
    """net on whole slices (reflected up to a multiple of its poolings); float32 (K, J, I)."""
    _, rows, columns = volume.shape
    grow = ((0, 0), (0, -rows % multiple), (0, -columns % multiple))
    padded = np.pad(volume, grow, mode="reflect")
    result = np.empty_like(volume)
    for k, plane in enumerate(padded):
        output = net(torch.from_numpy(plane)[None, None].to(device()))
        result[k] = output[0, 0, :rows, :columns].float().cpu().numpy()
    return result
