"""What goes from stage to stage, and what a stage works with."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from ... import __version__
from ..look import Look
from ..match.in_time import TwoFrames
from ..noise.model import NoiseModel
from ..plan import Plan
from ..runtime.device import choose_device, choose_precision
from ..runtime.progress import Tracker
from ..settings import Settings
from ..train.trained import SHAPE, TrainedNetwork, TrainedOn
from ..volume.part import Box, placed
from ..volume.slices import Slices

OUT_OF_MEMORY = "The memory of the GPU ({}) ran out: the run went on on the CPU, which is slower. Crop the volume."


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
    """A volume, or a part of it, on its way. A stage never changes a state or its arrays; it makes the next one.

    Attributes:
        slices: the noisy input, normalized.
        look: what was measured of it.
        plan: what is done with it.
        denoised: the best so far, (slices, rows, columns) float32, normalized; the input itself at first.
        region: slices, rows and columns of the volume that this is; None: all of it.
        samples: small regions of the whole volume, with their own states, at which stage "spare" tries what was done.
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
    region: Box | None = None
    samples: tuple["State", ...] = field(default=(), repr=False)
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
        return NoiseModel(self.look.noise, self.weights, self.plan.settings.collaborative or 1.0, self.region)

    @property
    def measured_noise(self) -> NoiseModel:
        """The noise as it was measured, however well slices match."""
        return NoiseModel(self.look.noise, region=self.region)

    @property
    def paired(self) -> np.ndarray:
        """The plan's, of these slices: (slices - gap,) bool."""
        first = 0 if self.region is None else self.region[0].start
        return self.plan.paired[first : first + len(self.slices) - self.plan.gap]

    @property
    def filtered(self) -> Box | None:
        """Where the filters' result is looked at; None: everywhere."""
        is_part = self.plan.part is not None and self.region == self.plan.part.box
        return self.plan.part.filtered if is_part else None

    @property
    def judged(self) -> tuple[Slices, np.ndarray, Look]:
        """Input, result and look that tell what the stages did: of a part, where the filters came to their end."""
        box = self.filtered
        if box is None:
            return self.slices, self.denoised, self.look
        return self.slices.cut(box), self.denoised[box], self.look.inside(placed(box, self.region))

    @property
    def wanted(self) -> np.ndarray | None:
        """Where the result is wanted, boolean as `denoised`; None: everywhere."""
        return None if self.plan.part is None else self.plan.part.wanted

    def cut(self, region: Box) -> "State":
        """A region of a whole volume that nothing was done with, for its own."""
        slices = self.slices.cut(region)
        return replace(self, slices=slices, denoised=slices.values, region=region)

    @property
    def is_input(self) -> bool:
        """Whether the result is the input, voxel by voxel."""
        return not self.made_by or self.plan.settings.strength == 0

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


def filter_guided(state: State, workshop: Workshop, by: Callable[..., np.ndarray], stage: str) -> State:
    """The next state: the noisy volume filtered, guided by what the stages before made of it."""
    how = state.slices.excluded, state.filtered, workshop.device, workshop.tracker.update
    return state.with_result(by(state.slices.values, state.denoised, state.noise, *how), stage)


def make_workshop(settings: Settings, should_stop: Callable[[], bool] | None = None) -> Workshop:
    """The workshop of work that is no run.

    Raises:
        SettingsError: the device does not work.
    """
    device = choose_device(settings.device)
    return Workshop(device, choose_precision(settings.precision, device), Tracker(should_stop=should_stop))


def on_cpu(state: State, workshop: Workshop) -> tuple[State, Workshop]:
    """The same state and workshop on the CPU, for a run whose device has no memory left; the state warns of it."""
    cpu = torch.device("cpu")
    if state.network is not None:
        state.network.to(cpu)
    if workshop.device.type == "cuda":
        torch.cuda.empty_cache()  # for whoever else works there
    warnings = (*state.warnings, OUT_OF_MEMORY.format(workshop.device.type))
    precision = choose_precision(state.plan.settings.precision, cpu)
    return replace(state, warnings=warnings), replace(workshop, device=cpu, precision=precision)
