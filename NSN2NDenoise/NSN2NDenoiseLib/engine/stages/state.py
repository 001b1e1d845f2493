"""What goes from stage to stage, and what a stage works with."""

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from ... import __version__
from ..look import Look
from ..match.in_time import TwoFrames
from ..noise.model import NoiseModel
from ..plan import Plan
from ..runtime.progress import Tracker
from ..train.trained import SHAPE, TrainedNetwork, TrainedOn
from ..volume.slices import Slices


@dataclass(frozen=True)
class Workshop:
    """Where and how a run computes.

    Attributes:
        device: of the tensors.
        precision: of the convolutions.
        tracker: told how far a stage is; it raises Cancelled on request.
    """

    device: torch.device
    precision: torch.dtype
    tracker: Tracker


@dataclass(frozen=True)
class State:
    """A volume on its way. A stage never changes a state or its arrays; it makes the next one.

    Attributes:
        slices: the noisy input, normalized.
        look: what was measured of it.
        plan: what is done with it.
        denoised: the best so far, (slices, rows, columns) float32, normalized; the input itself at first.
        made_by: the stages that made `denoised`.
        low_passed: LPF(x_i), as `denoised`; None before stage "match".
        weights: W_i (Eq. 3), (slices, rows, columns) uint8; None before stage "match".
        matched: part (0 to 1) of the voxels with W_i = 1.
        other_frame: slices of another frame of a sequence, as `denoised`, until stage "pair" has compared it.
        two_frames: what the network learns from instead of neighboring slices; None: from these.
        pairing: what stage "pair" measured of both, ready for JSON.
        losses: of every training step.
        network: that stage "learn" used.
        gain: what stage "spare" found: whether it helped, in dB.
        justified: mean over the tissue of how much of what was removed stays removed, 0 to 1 (stage "spare").
        figures: what stage "judge" measured, ready for JSON.
        warnings: sentences for the user.
    """

    slices: Slices
    look: Look
    plan: Plan
    denoised: np.ndarray
    made_by: tuple[str, ...] = ()
    low_passed: np.ndarray | None = None
    weights: np.ndarray | None = None
    matched: float = float("nan")
    other_frame: np.ndarray | None = field(default=None, repr=False)
    two_frames: TwoFrames | None = field(default=None, repr=False)
    pairing: dict | None = None
    losses: tuple[float, ...] = field(default=(), repr=False)
    network: torch.nn.Module | None = field(default=None, repr=False)
    gain: dict = field(default_factory=dict)
    justified: float = 1.0
    figures: dict = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def noise(self) -> NoiseModel:
        """The noise as the filters have to know it."""
        return NoiseModel(self.look.noise, self.weights, self.plan.settings.collaborative or 1.0)

    @property
    def trained(self) -> TrainedNetwork | None:
        """The network that stage "learn" used, to keep; None without one."""
        if self.network is None:
            return None
        if self.plan.network is not None:
            return self.plan.network
        settings = self.plan.settings
        weights = {name: tensor.detach().cpu().contiguous() for name, tensor in self.network.state_dict().items()}
        shape = {name: getattr(settings, name) for name in SHAPE}
        training = {"preset": settings.preset, "seed": settings.seed, "steps": len(self.losses), "version": __version__}
        return TrainedNetwork(weights, shape, TrainedOn.of(self.look), training)

    def with_result(self, denoised: np.ndarray, stage: str, **more) -> "State":
        """The next state, whose result this stage made; `more` are other attributes that it changes."""
        return replace(self, denoised=denoised, made_by=(*self.made_by, stage), **more)
