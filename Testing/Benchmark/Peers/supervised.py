"""Training on pairs from another volume or other slices: what Noise2Clean and Noise2Noise share."""

import itertools

from Benchmark.case import CannotRun
from Benchmark.Peers.training import Crops, Scale, predict, train, unet


def denoise_with_pairs(
    case,
    seed,
    progress,
    choose,
    steps=2000,
    batch=16,
    crop=64,
    width=32,
    levels=3,
    draws=2,
    batch_norm=True,
    input_noise=0.25,
    learning_rate=3e-3,
):
    """choose(clean, noisy, noisy_again) -> list of (input, target). All get one scale, as the noise is the same.

    draws: of the noise, so that a long training doesn't learn one by heart. The network is that of NS-N2N's default:
    with batch normalization, and the slices magnified until input and target differ by `input_noise`.
    """
    if case.training is None:
        raise CannotRun("there are no training pairs beside this volume: it needs a clean or a second noisy scan")
    pairs = [pair for draw in range(draws) for pair in choose(*case.training(100 * seed + draw))]
    scale = Scale.of(pairs[0][0])
    pairs = [[scale.apply(volume) for volume in pair] for pair in pairs]
    crops = [Crops(pair, batch, crop, [seed, n]) for n, pair in enumerate(pairs)]
    difference = float((pairs[0][0] - pairs[0][1]).std())
    net = unet(seed, width, levels, batch_norm, gain=input_noise / max(difference, 1e-6))
    turn = itertools.cycle(crops)

    def loss(_):
        inputs, targets = next(turn)()
        return (net(inputs) - targets).square().mean()

    train(net, loss, steps, learning_rate, progress)
    return scale.undo(predict(net, scale.apply(case.noisy)))
