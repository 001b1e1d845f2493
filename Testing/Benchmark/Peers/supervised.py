"""Training on pairs from another volume or other slices: what Noise2Clean and Noise2Noise share."""

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
    batch_norm=True,
    input_noise=0.25,
    learning_rate=3e-3,
):
    """choose(clean, noisy, noisy_again) -> (input, target). One scale for both volumes: their noise is the same.

    The network is that of NS-N2N's default: with batch normalization, and the slices magnified until input and target
    differ by `input_noise`.
    """
    if case.training is None:
        raise CannotRun("there are no training pairs beside this volume: it needs a clean or a second noisy scan")
    source, target = choose(*case.training(seed))
    scale = Scale.of(source)
    source, target = scale.apply(source), scale.apply(target)
    crops = Crops([source, target], batch, crop, seed)
    net = unet(seed, width, levels, batch_norm, gain=input_noise / max(float((source - target).std()), 1e-6))

    def loss(_):
        inputs, targets = crops()
        return (net(inputs) - targets).square().mean()

    train(net, loss, steps, learning_rate, progress)
    return scale.undo(predict(net, scale.apply(case.noisy)))
