"""Neighbor2Neighbor: two sub-images drawn from the pixels of each 2 x 2 cell teach each other."""

import torch

from Benchmark.Peers.training import Crops, Scale, device, predict, train, unet

LABEL = "Neighbor2Neighbor"
SOURCE = "Huang et al., CVPR 2021 (own implementation)"
LICENSE = "part of this repository"
PACKAGE = None
RANDOM = True
SWEEP = [{}]
NEEDS = "noise that is independent from pixel to pixel"

GAMMA = 2.0  # weight of the regularizer at the end of the training, as for synthetic noise in the paper
# pixels of a cell: 0 1 / 2 3; a pair is two that touch, in either order
PAIRS = ((0, 1), (1, 0), (0, 2), (2, 0), (1, 3), (3, 1), (2, 3), (3, 2))


def denoise(
    case,
    seed,
    progress,
    steps=2000,
    batch=4,
    crop=128,
    width=32,
    levels=3,
    batch_norm=True,
    learning_rate=5e-3,
    input_noise=0.0,
):
    """Trained on the noisy volume alone; input_noise: SD that the noise is magnified to, as in NS-N2N, or 0."""
    scale = Scale.of(case.noisy)
    noisy = scale.apply(case.noisy)
    crops = Crops([noisy], batch, crop, seed)
    net = unet(seed, width, levels, batch_norm, gain=input_noise * scale.sd / case.sigma)
    generator = torch.Generator().manual_seed(seed)

    def loss(fraction):
        (image,) = crops()
        pairs = draw_pairs(image, generator)
        first, second = gather(image, pairs)
        with torch.no_grad():
            clean_first, clean_second = gather(net(image), pairs)
        difference = net(first) - second
        regularizer = difference - (clean_first - clean_second)
        return difference.square().mean() + GAMMA * fraction * regularizer.square().mean()

    train(net, loss, steps, learning_rate, progress)
    return scale.undo(predict(net, noisy))


def draw_pairs(image, generator):
    """A random entry of PAIRS for each 2 x 2 cell: int64 (batch, rows / 2, columns / 2, 2)."""
    batch, _, rows, columns = image.shape
    choice = torch.randint(len(PAIRS), (batch, rows // 2, columns // 2), generator=generator)
    return torch.tensor(PAIRS)[choice].to(device())


def gather(image, pairs):
    """The two sub-images (batch, 1, rows / 2, columns / 2) that `pairs` picks from the cells."""
    batch, _, rows, columns = image.shape
    cells = image.reshape(batch, rows // 2, 2, columns // 2, 2).permute(0, 1, 3, 2, 4).flatten(3)
    picked = cells.gather(3, pairs)
    return picked[..., 0][:, None], picked[..., 1][:, None]
