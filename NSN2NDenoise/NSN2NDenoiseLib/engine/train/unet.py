"""The denoising network f_theta: a U-Net (Sec. 4.1)."""

import torch
from torch import nn
from torch.nn import functional

from ..settings import Settings

#: The image is magnified at most so much for the network, however little noise it has.
MAX_GAIN = 50.0
#: Side in pixels of the square whose mean is taken away in a magnified slice.
LOCAL_SIDE = 5


def _double_convolution(inputs: int, outputs: int, batch_norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers.append(nn.Conv2d(channels, outputs, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(outputs))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def magnified(x: torch.Tensor, gain: float) -> torch.Tensor:
    """What stands out from the local mean of channel 0, as asinh(gain * difference); and that mean as a last channel.

    However small the noise is beside the image's range, a network sees it at the same size, in bone as in air, and a
    strong edge does not drown the rest.

    Args:
        x: (batch, channels, rows, columns), normalized.
        gain: > 0.

    Returns:
        (batch, channels + 1, rows, columns).
    """
    reach = LOCAL_SIDE // 2
    around = functional.pad(x[:, 0], (reach, reach, reach, reach), mode="replicate")
    mean = functional.avg_pool2d(around, LOCAL_SIDE, stride=1)[:, None]  # slow where one channel comes last
    return torch.cat([torch.asinh((x - mean) * gain), mean], dim=1)


class UNet(nn.Module):
    """U-Net with two 3x3 convolutions a level, max pooling, transposed convolutions and skip connections.

    ``UNet(1, 64, 4, batch_norm=True)`` is the standard one, 31 million parameters. The paper states neither width nor
    depth.

    Args:
        in_channels: slices that the network sees at once: the slice itself and its context.
        width: channels at full resolution, doubled at each level.
        levels: number of poolings.
        batch_norm: batch normalization behind each convolution.
        residual: predict the noise and take it from the slice, instead of predicting the clean slice.
        gain: the network works on `magnified` slices, so that the noise is not tiny beside the image, and its output
            counts in units of 1 / gain; 0: it works on x itself.

    References:
        Ronneberger et al., "U-Net", MICCAI 2015; residual prediction: Zhang et al., "Beyond a Gaussian denoiser", 2017.
    """

    def __init__(
        self, in_channels: int, width: int, levels: int, batch_norm: bool, residual: bool, gain: float = 0.0
    ) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(levels + 1)]
        self.multiple = 2**levels
        self.residual = residual
        self.gain = gain
        self.down = nn.ModuleList()
        self.up = nn.ModuleList()
        self.merge = nn.ModuleList()
        channels = in_channels + (1 if gain else 0)
        for outputs in widths:
            self.down.append(_double_convolution(channels, outputs, batch_norm))
            channels = outputs
        for outputs in reversed(widths[:-1]):
            self.up.append(nn.ConvTranspose2d(channels, outputs, 2, stride=2))
            self.merge.append(_double_convolution(2 * outputs, outputs, batch_norm))
            channels = outputs
        self.last = nn.Conv2d(channels, 1, 1)
        if residual:  # start as the identity: the first prediction is the noisy slice itself
            nn.init.zeros_(self.last.weight)
            nn.init.zeros_(self.last.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, in_channels, rows, columns), the slice to denoise in channel 0 -> (batch, 1, rows, columns).

        Rows and columns are multiples of 2 ** levels. Values are normalized, float32; the result is float32.
        """
        skips = []
        y = magnified(x, self.gain) if self.gain else x
        for level, convolutions in enumerate(self.down):
            if level:
                y = functional.max_pool2d(y, 2)
            y = convolutions(y)
            skips.append(y)
        y = skips.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            y = merge(torch.cat([skips.pop(), up(y)], dim=1))
        y = self.last(y).float()
        if self.gain:
            y = y / self.gain
        return x[:, :1] - y if self.residual else y


def make_network(settings: Settings, noise_sd: float) -> UNet:
    """The network of the settings with its first weights from the seed; torch's global random state is left alone.

    Args:
        settings: shape of the network, seed.
        noise_sd: of the volume, normalized, > 0.
    """
    gain = min(max(settings.input_noise / noise_sd, 1.0), MAX_GAIN) if settings.input_noise else 0.0
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(settings.seed)  # not the GPUs', which the fork leaves out
        network = UNet(
            settings.context + 1, settings.width, settings.levels, settings.batch_norm, settings.residual, gain
        )
    return network.to(memory_format=torch.channels_last)
