"""The volume as tensors on the device, and the inputs and targets that are cut from it."""

import copy

import numpy as np
import torch

from ..volume.normalize import NETWORK_RANGE

#: Differences between slices of the pilot below this (in units of the noise SD) are left-over noise.
LEFT_OVER = 0.3


class SliceTensors:
    """Slices, low-passed slices, weights and exclusions of a volume on one device.

    Args:
        stack: (slices, rows, columns) float32, normalized; what is cut from it is clipped to `NETWORK_RANGE`. On a CPU
            the tensors share the arrays' memory.
        low_passed: LPF(x_i), as `stack`, to compensate the targets with; None leaves them as the paper has them.
        weights: (slices - gap, rows, columns) uint8, W_i of Eq. 3.
        excluded: boolean, as `stack`, or None.
        gap: pairs are (x_i, x_i+gap).
        context: slices on the side away from the target beside x_i.
        device: where the tensors live.
    """

    def __init__(
        self,
        stack: np.ndarray,
        low_passed: np.ndarray | None,
        weights: np.ndarray,
        excluded: np.ndarray | None,
        gap: int,
        context: int,
        device: torch.device,
    ) -> None:
        self.gap, self.context, self.device = gap, context, device
        self.stack = torch.from_numpy(stack).to(device)
        self.low_passed = None if low_passed is None else torch.from_numpy(low_passed).to(device)
        self.weights = torch.from_numpy(weights).to(device)
        self.excluded = None if excluded is None else torch.from_numpy(excluded).to(device)
        self._shrink = 0.0

    def with_pilot(self, pilot: np.ndarray, noise_sd: float) -> "SliceTensors":
        """The same slices, with targets that are compensated with `pilot` instead of LPF(x_i).

        The pilot still holds a little of the noise of x_i, which a target must not hold; so a difference between slices
        counts only as far as it exceeds `LEFT_OVER` noise SDs.

        Args:
            pilot: denoised slices, (slices, rows, columns) float32, normalized.
            noise_sd: of the noisy slices, normalized.
        """
        piloted = copy.copy(self)
        piloted.low_passed = torch.from_numpy(pilot).to(self.device)
        piloted._shrink = LEFT_OVER * noise_sd
        return piloted

    def cut(self, slices: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, of: torch.Tensor) -> torch.Tensor:
        """Crops of the tensor `of`: slices (batch, channels), rows (batch, height), columns (batch, width)."""
        return of[slices[:, :, None, None], rows[:, None, :, None], columns[:, None, None, :]]

    def images(self, index: torch.Tensor, toward: int) -> torch.Tensor:
        """The network's input for the whole slices `index`, (batch, 1 + context, rows, columns)."""
        return self.stack[self.inputs(index, toward)].clamp_(*NETWORK_RANGE)

    def inputs(self, index: torch.Tensor, toward: int) -> torch.Tensor:
        """Slice numbers of the network's input for the slices `index`, (batch, 1 + context).

        Channel 0 is x_i; the others are its neighbors on the side away from the target, which lies `toward` (+1 or -1).
        So nothing in the input shares noise with the target. Beyond the volume's end the end slice is repeated.
        """
        steps = torch.arange(self.context + 1, device=index.device) * -toward
        return (index[:, None] + steps[None]).clamp(0, self.stack.shape[0] - 1)

    def batch(self, pairs: np.ndarray, tops: np.ndarray, lefts: np.ndarray, size: tuple[int, int]) -> dict:
        """Inputs, targets, W_i and valid pixels of the pairs' crops.

        The target of f(x_i) is x_i+1. With low-passed slices it is x_i+1 + LPF(x_i) - LPF(x_i+1): where the anatomy of
        two matched slices still differs a little, the target is moved to slice i, and the difference is not learned.

        Returns:
            "shift" (LPF(x_i) - LPF(x_i+1), or 0): (batch, 1, height, width);
            "input_i", "input_next": (batch, 1 + context, height, width); "target_next" (of f(x_i)), "target_i" (of
            f(x_i+1)), "w", "valid": (batch, 1, height, width); all float32.
        """
        i, top, left = (torch.from_numpy(np.asarray(a)).to(self.device) for a in (pairs, tops, lefts))
        rows = top[:, None] + torch.arange(size[0], device=self.device)
        columns = left[:, None] + torch.arange(size[1], device=self.device)
        own, following = i[:, None], i[:, None] + self.gap
        cut = {
            "input_i": self.cut(self.inputs(i, +1), rows, columns, self.stack),
            "input_next": self.cut(self.inputs(i + self.gap, -1), rows, columns, self.stack),
            "target_i": self.cut(own, rows, columns, self.stack),
            "target_next": self.cut(following, rows, columns, self.stack),
            "w": self.cut(own, rows, columns, self.weights).float(),
        }
        for name in cut.keys() - {"w"}:
            cut[name].clamp_(*NETWORK_RANGE)
        cut["shift"] = torch.zeros_like(cut["w"])
        if self.low_passed is not None:
            low_i, low_next = (self.cut(index, rows, columns, self.low_passed) for index in (own, following))
            cut["shift"] = low_i - low_next
            if self._shrink:
                cut["shift"] = torch.nn.functional.softshrink(cut["shift"], self._shrink)
            cut["target_next"] = cut["target_next"] + cut["shift"]
            cut["target_i"] = cut["target_i"] - cut["shift"]
        if self.excluded is None:
            cut["valid"] = torch.ones_like(cut["w"])
        else:
            either = self.cut(own, rows, columns, self.excluded) | self.cut(following, rows, columns, self.excluded)
            cut["valid"] = (~either).float()
        return cut


def apply_network(network: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """f(images) for sides that are no multiple of the network's: padded by their edge, and cut back."""
    height, width = images.shape[-2:]
    more = (-width % network.multiple, -height % network.multiple)
    if any(more):
        images = torch.nn.functional.pad(images, (0, more[0], 0, more[1]), mode="replicate")
    return network(images.contiguous(memory_format=torch.channels_last))[..., :height, :width]
