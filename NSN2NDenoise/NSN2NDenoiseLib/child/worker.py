"""The child process: denoises a volume, computes the residual for the preview, or reports on a result, outside Slicer.

Run as ``python worker.py DIRECTORY``; `protocol` says what stands in the directory, what comes and goes on stdin and
stdout, and what the exit status means. Plain Python: no slicer, qt or vtk.
"""

import os
import shutil
import sys
import threading
import time
import traceback
from dataclasses import dataclass, replace
from importlib.util import find_spec

if __name__ == "__main__":  # started as a file: make the package importable instead of its own folder
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import numpy as np

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.child import protocol
from NSN2NDenoiseLib.child.match_order import MatchOrder
from NSN2NDenoiseLib.engine.judge.identity import voxel_hash
from NSN2NDenoiseLib.engine.match import low_pass
from NSN2NDenoiseLib.engine.timing import measure_speed, predict_seconds

#: Seconds that a child without parent has for stopping by itself.
ORPHAN_SECONDS = 3.0
#: Progress messages are at least this many seconds apart.
PROGRESS_SECONDS = 0.1
#: Seconds that a child keeps the volume ready for a preview that may come; it is large, and a new child soon there.
IDLE_SECONDS = 5.0
#: Seconds without a wish after which it finds out how long a run will take.
QUIET_SECONDS = 1.5
#: Bytes of a file that are written at once to reserve its room.
RESERVED = 32 << 20


@dataclass(frozen=True)
class Wish:
    """A box of the result that Slicer wants: its number, threshold (None: automatic), place, and if it is seen."""

    number: int
    threshold: float | None
    box: tuple[slice, slice, slice]
    isLookedAt: bool


class Parent:
    """The Slicer side, as the child sees it: commands in, messages out."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._lastProgress = 0.0
        self._lastStage = ""
        self.cancelled = threading.Event()
        self.kept = threading.Event()
        self.residualWanted = threading.Event()
        self.focus = (0, 0, 0)
        self.wish: Wish | None = None
        self._wished = threading.Condition()
        self.gone = False

    def listen(self) -> None:
        """Read commands in the background until stdin ends."""
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, type: str, **fields) -> None:
        """Send one message; harmless when Slicer has gone."""
        with self._lock:
            try:
                sys.stdout.write(protocol.message_line({"type": type, **fields}))
                sys.stdout.flush()
            except OSError:
                self.cancelled.set()

    def should_stop(self) -> bool:
        """Whether to stop, as `engine.denoise` asks between steps."""
        return self.cancelled.is_set()

    def should_keep(self) -> bool:
        """Whether the best result so far is enough, as `engine.denoise` asks between steps."""
        return self.kept.is_set()

    def next_wish(self, last: Wish | None) -> Wish | None:
        """The newest wish; waits for another one than the last. None when there will be none."""
        with self._wished:
            self._wished.wait_for(lambda: self.wish is not last or self.cancelled.is_set())
            return None if self.cancelled.is_set() else self.wish

    def progress(self, progress: "engine.Progress") -> None:
        """Pass the engine's progress on: each new stage and the end, else not too often."""
        now = time.monotonic()
        isNews = progress.stage != self._lastStage or progress.fraction >= 1.0
        if isNews or now - self._lastProgress >= PROGRESS_SECONDS:
            self._lastProgress, self._lastStage = now, progress.stage
            self.send(
                "progress",
                stage=progress.stage,
                fraction=progress.fraction,
                loss=progress.loss,
                secondsLeft=progress.seconds_left,
            )

    def _listen(self) -> None:
        lines = protocol.LineBuffer()
        # not sys.stdin: its lock, held by this thread, would crash the interpreter when it ends
        while data := os.read(sys.stdin.fileno(), 4096):
            for line in lines.feed(data):
                self._obey(line.split())
        self.gone = True
        self._obey(["cancel"])
        time.sleep(ORPHAN_SECONDS)
        shutil.rmtree(self._directory, ignore_errors=True)
        os._exit(protocol.PARENT_GONE)

    def _obey(self, words: list[str]) -> None:
        if words == ["cancel"]:
            self.cancelled.set()
            self.residualWanted.set()  # nothing may go on waiting for it
            with self._wished:
                self._wished.notify_all()
        elif words == ["keep"]:
            self.kept.set()
        elif len(words) == 4 and words[0] in ("focus", "residual"):
            self.focus = tuple(int(word) for word in words[1:])
            if words[0] == "residual":
                self.residualWanted.set()
        elif len(words) == 9 and words[0] in ("show", "ahead"):
            threshold = None if words[2] == "auto" else float(words[2])
            ends = [int(word) for word in words[3:]]
            box = tuple(map(slice, ends[::2], ends[1::2]))
            with self._wished:
                self.wish = Wish(int(words[1]), threshold, box, words[0] == "show")
                self._wished.notify_all()


def denoise(directory: str, job: dict, parent: Parent) -> dict:
    """Denoise the volume and leave `protocol.DENOISED_FILE`, a first result before it; returns the report."""
    volume = _load(directory, protocol.VOLUME_FILE)

    def on_first(result: engine.DenoiseResult) -> None:
        _save(directory, protocol.FIRST_FILE, result.denoised)
        parent.send("first", report=_identified(result, volume))

    result = engine.denoise(
        volume,
        _settings(job),
        spacing=_spacing(job),
        within=_within(directory, volume.shape) if job.get("within") else None,
        network=_network(job),
        progress=parent.progress,
        should_stop=parent.should_stop,
        should_keep=parent.should_keep,
        on_first=on_first,
    )
    _save(directory, protocol.DENOISED_FILE, result.denoised)
    _keep_network(directory, result)
    return _identified(result, volume)


def show(directory: str, job: dict, parent: Parent) -> None:
    """Answer wishes for boxes of the result, always the newest, until it is over."""
    preview = engine.ResultPreview(_load(directory, protocol.VOLUME_FILE), job["settings"]["axis"], _spacing(job))
    network = _network(job)
    wish = None
    while (wish := parent.next_wish(wish)) is not None:
        try:
            _answer(directory, job, preview, network, wish, parent)
        except engine.Cancelled:  # by a newer wish, or for good
            continue
        except engine.NSN2NError as error:
            parent.send("notShown", number=wish.number, message=str(error))


def _answer(
    directory: str,
    job: dict,
    preview: "engine.ResultPreview",
    network: "engine.TrainedNetwork | None",
    wish: Wish,
    parent: Parent,
) -> None:
    quick, exact = (_settings(how, threshold=wish.threshold) for how in (job["sketch"], job))

    def should_stop() -> bool:
        return parent.should_stop() or parent.wish is not wish

    def tell(type: str, name: str, box, voxels: np.ndarray) -> None:
        _save(directory, name, voxels)
        parent.send(type, number=wish.number, box=[end for side in box for end in (side.start, side.stop)])

    number, box = wish.number, wish.box
    if wish.isLookedAt:
        tell("sketched", protocol.sketch_file(number), box, preview.sketch(box, quick, should_stop))
    tell("shown", protocol.preview_file(number), *preview.box(box, exact, should_stop, network))


def denoise_frames(directory: str, job: dict, parent: Parent) -> dict:
    """Denoise a sequence, leave each frame as it is done; returns the report of those that are."""
    frames = [_load(directory, protocol.frame_file(number), "r") for number in range(job["frames"])]
    reports: list[dict] = []
    results = engine.denoise_frames(
        frames,
        _settings(job),
        spacing=_spacing(job),
        within=_within(directory, frames[0].shape) if job.get("within") else None,
        network=_network(job),
        progress=parent.progress,
        should_stop=lambda: parent.should_stop() or (parent.should_keep() and bool(reports)),
    )
    try:
        for number, result in enumerate(results):
            _save(directory, protocol.denoised_frame(number), result.denoised)
            if not reports:
                _keep_network(directory, result)
            reports.append(result.report)
            parent.send("frame", number=number, report=_identified(result, frames[number]))
    except engine.Cancelled:
        if parent.should_stop():
            raise
    return engine.summarize_frames(reports)


def match(directory: str, job: dict, parent: Parent) -> None:
    """Say what the engine makes of the volume; compute the residual slice by slice when that is wanted, now or soon."""
    volume = _load(directory, protocol.VOLUME_FILE)
    settings = engine.Settings.from_preset(job["preset"], axis=job["axis"])
    start = time.monotonic()
    threading.Thread(target=low_pass.compiled, daemon=True).start()  # meanwhile; numba takes a while to load
    look, slices = engine.take_look(volume, axis=job["axis"], spacing=_spacing(job))
    lookSeconds = time.monotonic() - start
    plan = engine.make_plan(look, settings)
    matching = engine.Matching(slices, look.noise.sd, plan.gap, plan.paired)
    axis = "kji".index(look.axis)
    residual = None
    parent.send(
        "matching",
        axis=look.axis,
        gap=plan.gap,
        slices=len(slices),
        scale=look.scale,
        warnings=plan.warnings,
    )
    order = MatchOrder(len(slices), lambda: parent.focus[axis])

    def make_room() -> None:
        nonlocal residual
        path = os.path.join(directory, protocol.RESIDUAL_FILE)
        _reserve(path, volume.size * np.dtype(np.float32).itemsize)
        residual = np.memmap(path, np.float32, mode="r+", shape=slices.values.shape)

    def compute(index: int) -> None:
        residual[index] = matching.residual_slice(index)
        parent.send("slices", indices=[index])

    if parent.residualWanted.is_set():
        make_room()
        compute(order.take())  # what the user looks at, before anything else
    if not parent.should_stop():
        parent.send("suggested", threshold=look.threshold)
    told = False
    if not parent.residualWanted.wait(QUIET_SECONDS):
        told = _tell_cost(parent, slices, look, plan, lookSeconds, parent.residualWanted.is_set)
    if parent.residualWanted.wait(IDLE_SECONDS):
        if residual is None:
            make_room()
        order.run(compute, parent.should_stop)
        told = told or _tell_cost(parent, slices, look, plan, lookSeconds, parent.should_stop)


def _tell_cost(
    parent: Parent, slices, look: "engine.Look", plan: "engine.Plan", lookSeconds: float, should_stop
) -> bool:
    """Say how long a run will take on this machine; False when it was stopped. Without torch nobody can say."""
    if look.noise.none or find_spec("torch") is None:
        return True
    every = engine.make_plan(look, replace(plan.settings, first=True, learn=True, refine=True))
    try:
        speed = measure_speed(slices, look, every, should_stop=should_stop)
    except engine.Cancelled:
        return False
    except engine.NSN2NError:
        return True
    network = speed.network * slices.values.size / 1e6
    seconds = {"look": lookSeconds, **predict_seconds(every, look, speed)}
    parent.send("cost", stages=plan.stages, seconds=seconds, network=network)
    return True


def quality(directory: str, job: dict, parent: Parent) -> None:
    """Leave the page that says what a result is worth."""
    from NSN2NDenoiseLib.child.quality import write_page

    volume, result = _load(directory, protocol.VOLUME_FILE), _load(directory, protocol.RESULT_FILE)
    write_page(os.path.join(directory, protocol.PAGE_FILE), job, volume, result, parent.progress, parent.should_stop)


def run(directory: str, parent: Parent) -> int:
    """Do the job that stands in the directory; returns the exit status."""
    try:
        job = protocol.read_job(directory)
        tasks = {
            protocol.DENOISE: denoise,
            protocol.FRAMES: denoise_frames,
            protocol.MATCH: match,
            protocol.SHOW: show,
            protocol.QUALITY: quality,
        }
        report = tasks[job["task"]](directory, job, parent) or {}
        if parent.should_stop():
            raise engine.Cancelled("stopped on request")
        parent.send("done", report=report)
        return protocol.DONE
    except engine.Cancelled:
        return protocol.PARENT_GONE if parent.gone else protocol.CANCELLED
    except Exception as error:
        kind, status = _kind_of(error)
        parent.send("error", kind=kind, message=_words_of(kind, error), details=traceback.format_exc())
        return status


def main(directory: str) -> int:
    """Entry point of the child."""
    parent = Parent(directory)
    parent.listen()
    status = run(directory, parent)
    if parent.gone:
        shutil.rmtree(directory, ignore_errors=True)
    return status


def _kind_of(error: Exception) -> tuple[str, int]:
    """What an exception is in the protocol's words, and the exit status that goes with it."""
    kinds = (
        (engine.SettingsError, "settings", protocol.UNUSABLE),
        (engine.InputError, "input", protocol.UNUSABLE),
        (engine.RunError, "run", protocol.FAILED),
        (ImportError, "missing", protocol.FAILED),
        (OSError, "files", protocol.FAILED),
    )
    for kind, name, status in kinds:
        if isinstance(error, kind):
            return name, status
    return "internal", protocol.FAILED


def _words_of(kind: str, error: Exception) -> str:
    """What to say of an exception of a kind."""
    if kind == "files":
        return f"A file of the process that denoises could not be written or read: {error}."
    if kind == "internal" and engine.is_out_of_memory(error):
        return engine.OUT_OF_MEMORY
    return str(error) or repr(error)


def _save(directory: str, name: str, array: np.ndarray) -> None:
    """Write a whole file, or none of that name."""
    path = os.path.join(directory, name)
    with open(path + ".part", "wb") as file:
        np.save(file, array)
    os.replace(path + ".part", path)


def _reserve(path: str, size: int) -> None:
    """Make a file of `size` bytes that are really there: touched in a map, one that the disk has no room for is fatal.

    Raises:
        OSError: the disk has no room.
    """
    with open(path, "wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
            return
        for start in range(0, size, RESERVED):
            file.write(bytes(min(RESERVED, size - start)))


def _identified(result: engine.DenoiseResult, volume: np.ndarray) -> dict:
    """The report of a result, with what tells later whether input and result are still the same."""
    hashes = {"inputSHA256": voxel_hash(volume), "resultSHA256": voxel_hash(result.denoised)}
    return {**result.report, **hashes}


def _within(directory: str, shape: tuple[int, ...]) -> np.ndarray:
    bits = np.load(os.path.join(directory, protocol.WITHIN_FILE))
    return np.unpackbits(bits, count=int(np.prod(shape))).astype(bool).reshape(shape)


def _load(directory: str, name: str, mmap_mode: str | None = None) -> np.ndarray:
    return np.load(os.path.join(directory, name), mmap_mode)


def _settings(job: dict, **more) -> "engine.Settings":
    return engine.Settings.from_preset(job["preset"], **job["settings"], **more)


def _network(job: dict) -> "engine.TrainedNetwork | None":
    return engine.load_network(job["network"]) if job.get("network") else None


def _keep_network(directory: str, result: engine.DenoiseResult) -> None:
    """Leave the network that was trained for other runs, or a warning: it costs nobody the result.

    Without safetensors there is none.
    """
    if result.network is None or find_spec("safetensors") is None:
        return
    path = os.path.join(directory, protocol.NETWORK_FILE)
    try:
        engine.save_network(result.network, path + ".part")
        os.replace(path + ".part", path)
    except OSError as error:
        result.report["warnings"] = [*result.report["warnings"], f"The network could not be kept ({error})."]


def _spacing(job: dict) -> tuple[float, float, float]:
    return tuple(job["spacing"])


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main(sys.argv[1]))
