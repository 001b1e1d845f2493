"""What a run that trains no network will give, for a few slices, without the rest of the volume."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .denoise_volume import begin, voxels
from .errors import InputError
from .look import Look, take_look
from .plan import NETWORK_LEVELS, make_plan
from .settings import Settings
from .stages import STAGES
from .stages.match import compare
from .stages.spare import Tried, spare, try_samples
from .stages.state import State, Workshop, make_workshop
from .train.trained import TrainedNetwork
from .volume.axes import slices_back, slices_first
from .volume.part import GRID, Box, Part, shifted, widened

#: What a sketch looks at around its box: slices, rows and columns.
SKETCH_REACH = (3, 8, 8)
#: The stages of a sketch, after W_i.
SKETCHED = ("first", "limit")


class ResultPreview:
    """A volume that was looked at once, and any box of whose result can be had.

    Args:
        volume: (K, J, I) integer or float array, image units; not changed.
        axis, spacing, positions: as in `denoise`.

    Raises:
        InputError: the volume can't be denoised.
    """

    def __init__(self, volume: np.ndarray, axis: str = "auto", spacing=None, positions=None) -> None:
        self._volume = volume
        self._tried: tuple[Settings, TrainedNetwork | None, Tried] | None = None
        self.look: Look
        self.look, self._slices = take_look(volume, axis=axis, spacing=spacing, positions=positions)

    def box(
        self,
        box: Box,
        settings: Settings,
        should_stop: Callable[[], bool] | None = None,
        network: TrainedNetwork | None = None,
    ) -> tuple[Box, np.ndarray]:
        """A box of the result: the voxels of a run on the whole volume; with a network but for what convolutions round.

        Args:
            box: in the volume's (K, J, I) order; it is widened to the grid on which neighbors cost next to nothing.
            settings: of the run; they train no network.
            should_stop: asked between steps.
            network: that the run uses, of `NETWORK_LEVELS` at most.

        Returns:
            the widened box, and its voxels in the volume's units and type.

        Raises:
            Cancelled: `should_stop` said yes.
            InputError, RunError, SettingsError: as `denoise`; a network that looks further than a preview does.
        """
        if network is not None and network.shape["levels"] > NETWORK_LEVELS:
            raise InputError(
                f"the network has {network.shape['levels']} levels, and a preview sees as far as one of "
                f"{NETWORK_LEVELS} looks; run it on the whole volume"
            )
        core = self._widened(box)
        plan = make_plan(self.look, settings, core, network)
        workshop = make_workshop(settings, should_stop)
        state = begin(self._slices, self.look, plan)
        for name in plan.stages:
            if name == "spare" and state.made_by:
                state = spare(state, workshop, self._tried_for(settings, network, state, workshop))
            elif name != "judge" and (state.made_by or name in plan.making):
                state = STAGES[name](state, workshop)
        found = slices_first(voxels(state, self._volume), self.look.axis)[shifted(core, plan.part.box)]
        return self._reordered(core), np.ascontiguousarray(slices_back(found, self.look.axis))

    def sketch(self, box: Box, settings: Settings, should_stop: Callable[[], bool] | None = None) -> np.ndarray:
        """About what `box` will give, much sooner: one pass of the filter, which sees little around the box.

        Arguments and errors as there; returns the voxels of the box itself.
        """
        core = self._ordered(box)
        plan = make_plan(self.look, settings)
        reach = (SKETCH_REACH[0] + plan.gap, *SKETCH_REACH[1:])
        region = widened(core, reach, self.look.shape, grid=(1, 1, 1))
        stages = tuple(name for name in SKETCHED if name in plan.stages)
        plan = replace(plan, stages=stages, part=Part(core, region, shifted(core, region)))
        workshop = make_workshop(settings, should_stop)
        state = compare(State(self._slices, self.look, plan, self._slices.values).cut(region), workshop)
        for name in stages:
            state = STAGES[name](state, workshop)
        found = slices_first(voxels(state, self._volume), self.look.axis)[shifted(core, region)]
        return np.ascontiguousarray(slices_back(found, self.look.axis))

    def _tried_for(self, settings: Settings, network: TrainedNetwork | None, state: State, workshop: Workshop) -> Tried:
        """What became of the volume's samples, which is the same for all boxes."""
        if self._tried is None or self._tried[0] != settings or self._tried[1] is not network:
            self._tried = settings, network, try_samples(state, workshop)
        return self._tried[2]

    def _ordered(self, box: Box) -> Box:
        """A box of the volume, slices first."""
        axis = "kji".index(self.look.axis)
        return (box[axis], *(side for n, side in enumerate(box) if n != axis))

    def _widened(self, box: Box) -> Box:
        """A box, slices first, from one multiple of `GRID` to the next."""
        return tuple(
            slice(side.start // step * step, min(-(-side.stop // step) * step, size))
            for side, step, size in zip(self._ordered(box), GRID, self.look.shape, strict=True)
        )

    def _reordered(self, box: Box) -> Box:
        """The inverse order: slices first to (K, J, I)."""
        sides = list(box[1:])
        sides.insert("kji".index(self.look.axis), box[0])
        return tuple(sides)
