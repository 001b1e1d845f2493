"""The bricks of a volume that is larger than memory, on Dask's workers."""

import uuid
import warnings
from collections.abc import Callable, Iterator

from ..engine import RunError
from ..engine.large.work import Brick, Work, do_brick
from .workers import LOST, connect, each_ended, is_killed

KILLED = "a process that worked on a part was ended, again and again: mostly for too little memory; allow less memory"


def on_workers(
    address: str | None, workers: int, should_stop: Callable[[], bool]
) -> Callable[[Work, list[int]], Iterator[tuple[int, Brick]]]:
    """What `denoise_stored` takes as `elsewhere`.

    Args:
        address: of a scheduler that stands already; None: new processes here.
        workers: their number here.
        should_stop: asked all the time.

    Returns:
        A function that gives (number, brick) as they end, and raises SettingsError (Dask is not installed, or nobody
        answers), Cancelled (`should_stop` said yes), RunError (the scheduler is gone, or a worker died again and
        again), and what the work on a brick raised.
    """

    def elsewhere(work: Work, numbers: list[int]) -> Iterator[tuple[int, Brick]]:
        if not numbers:
            return
        with connect(address, min(workers, len(numbers))) as client:
            yield from _run(client, work, numbers, address is None, should_stop)

    return elsewhere


def _run(client, work: Work, numbers: list[int], again: bool, should_stop) -> Iterator[tuple[int, Brick]]:
    def submit(number: int):
        # some MB for each brick are little beside its work; scattered once, they could be lost with a worker
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")
            return client.submit(do_brick, work, number, key=f"brick-{number}-{uuid.uuid4().hex}")

    for number, future in each_ended(client, numbers[::-1], submit, lambda *_: True, again, should_stop):
        if is_killed(future):
            raise RunError(KILLED)
        if future.status not in ("finished", "error"):
            raise RunError(LOST)
        yield number, future.result()
