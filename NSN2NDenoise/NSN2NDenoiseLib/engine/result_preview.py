"""What a run that trains no network will give, for a few slices, without the rest of the volume."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .box_by_box import BoxByBox
from .denoise_volume import voxels
from .errors import InputError
from .look import Look, take_look
from .plan import NETWORK_LEVELS, make_plan
from .settings import Settings
from .stages import STAGES
from .stages.match import compare
from .stages.state import State, make_workshop
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
        self._run: tuple[Settings, TrainedNetwork | None, BoxByBox] | None = None
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

        What was computed for it is kept, and a box nearby with the same settings takes less.

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
        if self._run is None or self._run[0] != settings or self._run[1] is not network:
            plan = make_plan(self.look, settings, network=network)
            self._run = settings, network, BoxByBox(self._slices, self.look, plan)
        state = self._run[2].state(core, should_stop)
        found = slices_first(voxels(state, self._volume), self.look.axis)[shifted(core, state.region)]
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
