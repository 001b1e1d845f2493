"""Noise2Void: predict a pixel from its neighborhood, without the pixel itself."""

import torch

from Benchmark.Peers.training import Crops, Scale, device, predict, train, unet

LABEL = "Noise2Void"
SOURCE = "Krull et al., CVPR 2019 (own implementation)"
LICENSE = "part of this repository"
PACKAGE = None
RANDOM = True
SWEEP = [{}]
NEEDS = "noise that is independent from pixel to pixel"

RADIUS = 2  # a blind pixel takes the value of a random neighbor in a 5 x 5 window
BLIND = 0.02  # of the pixels


def denoise(case, seed, progress, steps=2000, batch=16, crop=64, width=32, levels=2, learning_rate=3e-3):
    """Trained on the noisy volume alone; U-Net with batch normalization as in the paper, direct prediction."""
    scale = Scale.of(case.noisy)
    noisy = scale.apply(case.noisy)
    crops = Crops([noisy], batch, crop, seed)
    net = unet(seed, width, levels, batch_norm=True, residual=False)
    generator = torch.Generator().manual_seed(seed)

    def loss(_):
        (target,) = crops()
        blinded, blind = mask_pixels(target, generator)
        return (net(blinded) - target)[blind].square().mean()

    train(net, loss, steps, learning_rate, progress)
    return scale.undo(predict(net, noisy))


def mask_pixels(image, generator):
    """(image with random pixels replaced by a random other pixel nearby, mask of those pixels)."""
    blind = (torch.rand(image.shape, generator=generator) < BLIND).to(device())
    moves = torch.randint(1, (2 * RADIUS + 1) ** 2, (int(blind.sum()),), generator=generator).to(device())
    moves = torch.where(moves == 2 * RADIUS * (RADIUS + 1), 0, moves)  # the window's center is the pixel itself
    n, c, j, i = blind.nonzero(as_tuple=True)
    down = _mirror(j + moves // (2 * RADIUS + 1) - RADIUS, image.shape[2])
    right = _mirror(i + moves % (2 * RADIUS + 1) - RADIUS, image.shape[3])
    blinded = image.clone()
    blinded[n, c, j, i] = image[n, c, down, right]
    return blinded, blind


def _mirror(index, size):
    return (size - 1) - ((size - 1) - index.abs()).abs()
