"""What a run makes of a volume, box by box: what a stage made of one box is kept, and not made again for the next."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from .look import Look
from .plan import MATCH_REACH, NETWORK_REACH, PASSES, SPARE_REACH, Plan
from .runtime.machine import free_memory_mb
from .stages import STAGES
from .stages.match import compare
from .stages.spare import Tried, spare, take_samples, try_samples
from .stages.state import State, Workshop, make_workshop
from .train.unet import UNet
from .volume.part import PASS_REACH, Box, Part, bounding_box, shifted, widened
from .volume.slices import Slices

#: Slices, rows and columns of a cell; boxes are known in whole cells. A multiple of the steps between filters' blocks.
CELL = (6, 6, 6)
#: The part of the free memory that may be kept.
KEPT = 0.5


class BoxByBox:
    """A run that trains no network, and of which only some boxes are wanted.

    Args:
        slices, look: of the whole volume.
        plan: of the run on all of it.
    """

    def __init__(self, slices: Slices, look: Look, plan: Plan) -> None:
        self._whole = take_samples(State(slices, look, plan, denoised=slices.values))
        self._shape = slices.values.shape
        self._network: UNet | None = None
        self._tried: Tried | None = None
        self._matched, self._made = self._nothing()
        free, needed = free_memory_mb(), sum(layer.size_mb for layer in (self._matched, *self._made.values()))
        self._keeps = free is None or needed < KEPT * free

    def state(self, core: Box, should_stop: Callable[[], bool] | None = None) -> State:
        """The state that the stages of the run, but "judge", lead to in a box; around it, it is another.

        Args:
            core: slices first, from one multiple of `volume.part.GRID` to another or an end.
            should_stop: asked between steps; stages that were done by then are kept.

        Raises:
            Cancelled: `should_stop` said yes.
            SettingsError: the device does not work.
        """
        workshop, plan = make_workshop(self._whole.plan.settings, should_stop), self._whole.plan
        if not self._keeps:
            self._matched, self._made = self._nothing()
        filtered = widened(core, SPARE_REACH, self._shape)
        region = widened(filtered, PASS_REACH, self._shape)
        self._match(region, workshop)
        state = self._at(Part(core, region, shifted(filtered, region)), plan.stages)
        if not self._made:
            return state
        denoised, made_by = state.slices.values.copy(), tuple(self._made)
        denoised[shifted(filtered, region)] = self._make(made_by, filtered, workshop)
        state = replace(state, denoised=denoised, made_by=made_by, network=self._network)
        for name in plan.finishing:
            if name == "spare":
                self._tried = self._tried or try_samples(state, workshop)
                state = spare(state, workshop, self._tried)
            elif state.made_by and name != "judge":
                state = STAGES[name](state, workshop)
        return state

    def _nothing(self) -> tuple["_Known", dict[str, "_Known"]]:
        """What is known of LPF and W_i, and of what the stages make, at first."""
        making = (name for name in self._whole.plan.making if name != "match")
        matched = _Known(self._shape, low_passed=np.float32, weights=np.uint8)
        return matched, {name: _Known(self._shape, denoised=np.float32) for name in making}

    def _make(self, stages: Sequence[str], box: Box, workshop: Workshop) -> np.ndarray:
        """A box of what the last of these stages makes, guided by the one before, as it becomes known."""
        *before, name = stages
        known = self._made[name]
        missing = known.missing(box)
        if missing is not None:
            region = widened(missing, self._reach(name), self._shape)
            self._match(region, workshop)
            state = self._at(Part(missing, region, shifted(missing, region)), (name,))
            if before:
                state = replace(state, denoised=self._make(before, region, workshop), made_by=tuple(before))
            state = STAGES[name](state, workshop)
            self._network = state.network or self._network
            known.put(missing, denoised=state.denoised[shifted(missing, region)])
        return known["denoised"][box]

    def _match(self, box: Box, workshop: Workshop) -> None:
        """LPF and W_i become known in a box."""
        missing = self._matched.missing(box)
        if missing is None:
            return
        gap, *sides = MATCH_REACH
        region = widened(missing, (gap + self._whole.plan.gap, *sides), self._shape)
        state, inside = compare(self._whole.cut(region), workshop), shifted(missing, region)
        self._matched.put(missing, low_passed=state.low_passed[inside], weights=state.weights[inside])

    def _at(self, part: Part, stages: tuple[str, ...]) -> State:
        """A part of the volume, compared with its neighbors; some stages follow."""
        state = self._whole.cut(part.box)
        plan = replace(state.plan, stages=stages, part=part)
        matched = (self._matched[name][part.box] for name in ("low_passed", "weights"))
        return replace(state, plan=plan, low_passed=next(matched), weights=next(matched))

    def _reach(self, name: str) -> tuple[int, int, int]:
        """How far a stage looks, in slices, rows and columns."""
        if name == "learn":
            return NETWORK_REACH[0] + self._whole.plan.settings.context, *NETWORK_REACH[1:]
        return tuple(PASSES[name] * side for side in PASS_REACH)


class _Known:
    """Arrays as large as the volume, of which some cells are known; the others take no memory.

    Args:
        shape: slices, rows, columns.
        types: of the arrays, by name.
    """

    def __init__(self, shape: tuple[int, int, int], **types) -> None:
        self._arrays = {name: np.zeros(shape, type) for name, type in types.items()}
        self._cells = np.zeros([-(-size // side) for size, side in zip(shape, CELL, strict=True)], bool)
        self._shape = shape

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    @property
    def size_mb(self) -> float:
        """What they take when all is known."""
        return sum(array.nbytes for array in self._arrays.values()) / 1e6

    def missing(self, box: Box) -> Box | None:
        """What has to be made for a box to be known, in whole cells."""
        cells = self._in_cells(box)
        unknown = ~self._cells[cells]
        if not unknown.any():
            return None
        return tuple(
            slice((inner.start + outer.start) * side, min((inner.stop + outer.start) * side, size))
            for inner, outer, side, size in zip(bounding_box(unknown), cells, CELL, self._shape, strict=True)
        )

    def put(self, box: Box, **values: np.ndarray) -> None:
        """Values in a box of whole cells are known."""
        for name, array in values.items():
            self._arrays[name][box] = array
        self._cells[self._in_cells(box)] = True

    @staticmethod
    def _in_cells(box: Box) -> Box:
        return tuple(slice(end.start // side, -(-end.stop // side)) for end, side in zip(box, CELL, strict=True))
