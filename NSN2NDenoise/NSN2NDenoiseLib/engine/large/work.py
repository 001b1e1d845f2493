"""The work on one brick: through all stages, and what is told of it. It can be sent to another process."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from ..denoise_volume import run_stage
from ..plan import SPARE_REACH
from ..runtime.device import choose_device, choose_precision, device_with_memory
from ..runtime.memory import predict_gpu_memory_mb
from ..runtime.progress import Tracker
from ..stages import STAGES
from ..stages.spare import Totals, Tried, spare_part, try_samples
from ..stages.state import State, Workshop
from ..volume.part import Box, find_part, shifted
from ..volume.slices import to_volume
from .figures import Piece
from .stack import raw_stack


@dataclass(frozen=True)
class Brick:
    """A brick that is done.

    Attributes:
        voxels: (K, J, I), in the units and type of the volume.
        piece: what is told of it.
        tried: what was done, tried at the samples of the whole; None where it comes from another process.
        network: that was used, likewise; None without one.
        workshop: where the work ended, likewise.
    """

    voxels: np.ndarray
    piece: Piece
    tried: Tried | None
    network: torch.nn.Module | None
    workshop: Workshop | None


@dataclass(frozen=True)
class Work:
    """What all bricks of a volume have in common.

    Attributes:
        source: the volume, as in `denoise_stored`.
        state: of the whole, of which a brick is cut; its slices are `Stack`.
        bricks: boxes that together are the volume.
        reach: how far the stages look around a brick.
        tried: at the samples, by the first brick that was done; None: this will be the first.
    """

    source: object
    state: State
    bricks: list[Box]
    reach: tuple[int, int, int]
    tried: Tried | None = None

    def workshop(self) -> tuple[Workshop, list[str]]:
        """Where this process works, and warnings for the user."""
        settings, shape = self.state.plan.settings, self.state.look.shape
        sides = find_part(self.bricks[len(self.bricks) // 2], "k", shape, self.reach, SPARE_REACH).shape
        needed = predict_gpu_memory_mb(sides, settings)
        device, warnings = device_with_memory(choose_device(settings.device), settings.device, needed)
        return Workshop(device, choose_precision(settings.precision, device), Tracker()), warnings

    def do(self, number: int, workshop: Workshop) -> Brick:
        """One brick through all stages.

        Raises:
            Cancelled: the workshop's tracker says so.
            RunError: as the stages do.
        """
        look, plan, tried, totals, pieces = self.state.look, self.state.plan, self.tried, Totals(), []
        part = find_part(self.bricks[number], look.axis, look.shape, self.reach, SPARE_REACH)
        state = replace(self.state, plan=replace(plan, part=part)).cut(part.box)
        core = shifted(part.core, part.box)

        def spare(state: State, workshop: Workshop) -> State:
            nonlocal tried, totals
            tried = tried or try_samples(state, workshop)
            state, totals = spare_part(state, tried, core, workshop)
            return state

        def judge(state: State, workshop: Workshop) -> State:
            pieces.append(Piece.of(state, core, totals))
            return state

        stages = {**STAGES, "spare": spare, "judge": judge}
        for name in plan.stages:
            if state.made_by or name in (*plan.making, "judge"):
                state, workshop = run_stage(name, state, workshop, stages=stages)
        voxels = raw_stack(self.source)[self.bricks[number]]
        if not state.is_input:
            voxels = to_volume(state.denoised[core], state.slices.cut(core), voxels)
        return Brick(voxels, pieces[0].made(state.made_by), tried, state.network, workshop)


def do_brick(work: Work, number: int) -> Brick:
    """The same in a process of its own."""
    workshop, _ = work.workshop()
    return replace(work.do(number, workshop), tried=None, network=None, workshop=None)
