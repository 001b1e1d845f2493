"""A trained network that outlives its run: its weights, what it was trained on, and whether it fits another volume."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError, SettingsError
from ..look import Look
from ..settings import Settings

if TYPE_CHECKING:
    import torch

#: The settings that shape a network: whoever uses it takes them over.
SHAPE = ("width", "levels", "batch_norm", "residual", "input_noise", "context")
#: A network fits while SD and spacing differ by at most these factors. What it sees is magnified until the noise has
#: the SD that it was trained with; so only how much of the image the noise is differs.
SD_FACTOR, SPACING_FACTOR = 2.0, 1.25
#: And while the noise's spectrum differs by at most this part of its variance.
COLOR_DISTANCE = 0.3


@dataclass(frozen=True)
class TrainedOn:
    """What a network knows: the noise and the grid of the volume that it was trained on.

    Attributes:
        noise_sd: in tissue, image units.
        low, scale: the image value that was 0 when normalized, and image units per normalized unit.
        color: (4, 4), variance of the noise at the frequencies of a cosine transform within a slice; its mean is 1.
        slice_correlation: of the noise of slices 1, 2, 3 apart.
        spacing: (slices, rows, columns) in mm; None where it is unknown.
    """

    noise_sd: float
    low: float
    scale: float
    color: tuple[tuple[float, ...], ...]
    slice_correlation: tuple[float, ...]
    spacing: tuple[float, float, float] | None

    @classmethod
    def of(cls, look: Look) -> "TrainedOn":
        """What a network learns of the volume that was looked at."""
        color = tuple(tuple(map(float, row)) for row in look.noise.color.within)
        correlation = tuple(map(float, look.noise.slice_correlation))
        return cls(look.noise_sd, look.low, look.scale, color, correlation, look.spacing)


@dataclass(frozen=True)
class TrainedNetwork:
    """f_theta of Sec. 3.3 after its training.

    Attributes:
        weights: tensors on the CPU by their names in the `UNet`.
        shape: the settings in `SHAPE` by their names.
        trained_on: see there.
        training: seed, steps, preset and version, to say which network it is.
    """

    weights: Mapping[str, "torch.Tensor"] = field(repr=False)
    shape: Mapping[str, object]
    trained_on: TrainedOn
    training: Mapping[str, object]

    @property
    def name(self) -> str:
        """Twelve digits of the SHA-256 of the weights: equal where the network is."""
        digest = hashlib.sha256()
        for name in sorted(self.weights):
            digest.update(self.weights[name].numpy().tobytes())
        return digest.hexdigest()[:12]

    def shaping(self, settings: Settings) -> Settings:
        """The settings of a run that uses this network instead of training one.

        Raises:
            SettingsError: the settings leave no place for a network, or say how to train it.
        """
        if settings.learn is False:
            raise SettingsError("a trained network is given, but stage learn is off; switch it on, or leave one out")
        if settings.minutes is not None:
            raise SettingsError("a trained network is given, so nothing is trained; leave minutes out")
        return replace(settings, learn=True, **self.shape)

    def require_fit(self, look: Look) -> None:
        """Raise InputError where the noise or the spacing of a volume is not what the network has learned."""
        own, other = self.trained_on, TrainedOn.of(look)
        parts = own.noise_sd / own.scale, other.noise_sd / other.scale
        if max(parts) > SD_FACTOR * min(parts):
            raise InputError(
                f"the network does not fit: it was trained on noise of an SD of {own.noise_sd:.3g} "
                f"({100 * parts[0]:.2g} % of the range), and this volume's is {other.noise_sd:.3g} "
                f"({100 * parts[1]:.2g} %); train one on this volume"
            )
        distance = float(np.abs(np.subtract(own.color, other.color)).mean())
        if distance > COLOR_DISTANCE:
            raise InputError(
                f"the network does not fit: the texture of this volume's noise is another one than it was trained on "
                f"(its spectrum differs by {100 * distance:.0f} %), as of another kernel; train one on this volume"
            )
        if own.spacing is not None and other.spacing is not None:
            ratios = np.divide(own.spacing, other.spacing)
            if max(ratios.max(), 1 / ratios.min()) > SPACING_FACTOR:
                before, after = (" x ".join(f"{mm:.3g}" for mm in spacing) for spacing in (own.spacing, other.spacing))
                raise InputError(
                    f"the network does not fit: it was trained on voxels of {before} mm (slices, rows, columns), and "
                    f"this volume's are {after} mm; train one on this volume"
                )
