"""What is done with a volume that is not in memory: the plan, and the bricks."""

from dataclasses import replace

from ..errors import RunError
from ..look import Look
from ..plan import Plan, make_plan, reach_with_network
from ..runtime.machine import free_memory_mb
from ..settings import Settings
from ..train.trained import TrainedNetwork
from ..volume.part import Box
from .bricks import FREE, Sides, brick_memory_mb, choose_bricks, cut, look_memory_mb

#: What a run may hold (MB) where nobody knows how much is free.
UNKNOWN = 4000.0


def allowed_memory_mb() -> float:
    """What a run may hold (MB) where nobody says: `FREE` of the memory that is free."""
    free = free_memory_mb()
    return UNKNOWN if free is None else FREE * free


def require_look(shape: Sides, memory_mb: float) -> None:
    """Raise RunError where a look at a volume (slices, rows, columns) takes more than this memory."""
    needed = look_memory_mb(shape)
    if needed > memory_mb:
        raise RunError(
            f"a look at a volume with slices of {shape[1]} x {shape[2]} pixels takes about {needed / 1000:.1f} GB of "
            f"memory, and the run may take {memory_mb / 1000:.1f} GB: allow more"
        )


def plan_parts(
    look: Look,
    settings: Settings,
    memory_mb: float,
    network: TrainedNetwork | None = None,
    sides: list[int] | None = None,
) -> tuple[Plan, Sides, list[Box]]:
    """Decide what is done.

    Args:
        look: at the volume.
        settings, network: of the run.
        memory_mb: that the process may hold.
        sides: of the bricks of a run that goes on; None chooses them.

    Returns:
        The plan, how far its stages look around a brick, and the bricks.

    Raises:
        as `make_plan` and `choose_bricks`.
    """
    plan = make_plan(look, settings, network=network, in_parts=True)
    reach = reach_with_network(plan.stages, plan.gap, plan.settings)
    bricks = cut(look.shape, sides) if sides else choose_bricks(look.shape, reach, look.dtype, plan.settings, memory_mb)
    sides = tuple(sides_of(bricks))
    memory = max(look_memory_mb(look.shape), brick_memory_mb(sides, look.shape, reach, look.dtype, plan.settings))
    return replace(plan, memory_mb=memory), reach, bricks


def sides_of(bricks: list[Box]) -> list[int]:
    """Slices, rows and columns of the bricks; those at the end may have less."""
    return [side.stop - side.start for side in bricks[0]]
