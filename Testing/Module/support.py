"""What the tests of the module share."""

import contextlib
import hashlib
import os
import time
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
MODULE_FOLDER = REPOSITORY / "NSN2NDenoise"
MODULE = MODULE_FOLDER / "NSN2NDenoise.py"

#: Settings of a training that goes through every stage in seconds.
SHORT = {
    "first": False,
    "learn": True,
    "steps": 15,
    "width": 8,
    "levels": 2,
    "batch": 4,
    "crop": 32,
    "context": 0,
    "precision": "float32",
    "learning_rate": 0.005,
}
#: Enough steps that a test can stop the run in its middle, and quick ones.
LONG = {**SHORT, "steps": 100_000, "width": 4, "batch": 2}


def voxels(node) -> np.ndarray:
    """A copy of a volume's voxels, (K, J, I)."""
    import slicer

    return slicer.util.arrayFromVolume(node).copy()


def sceneContent() -> dict:
    """The scene's nodes by ID, with their voxels' hash: equal before and after where nothing happened."""
    import slicer

    content = {}
    for node in slicer.util.getNodesByClass("vtkMRMLNode"):
        image = node.GetImageData() if node.IsA("vtkMRMLVolumeNode") else None
        content[node.GetID()] = hashlib.sha256(voxels(node).tobytes()).hexdigest() if image is not None else None
    return content


def layers() -> list[tuple]:
    """What every slice view shows: IDs of the background and the foreground, the foreground's opacity."""
    import slicer

    return [
        (c.GetBackgroundVolumeID(), c.GetForegroundVolumeID(), c.GetForegroundOpacity())
        for c in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    ]


def isAlive(processId: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{processId}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def waitForEnd(host, processId: int) -> None:
    """Run the event loop until the process is gone; AssertionError if it survives."""
    host.waitUntil(lambda: not isAlive(processId), message=f"process {processId} is still alive")


def jobDirectories(task: str = "") -> list[str]:
    """Directories of jobs, or of those with a task ("denoise", "match"), that exist in Slicer's temporary folder."""
    import slicer

    return [name for name in os.listdir(slicer.app.temporaryPath) if name.startswith(f"NSN2N-{task}")]


def waitForNoFiles(host, task: str = "") -> None:
    """Run the event loop until no job has files any more; AssertionError if some stay."""
    host.waitUntil(lambda: jobDirectories(task) == [], message=f"still there: {jobDirectories(task)}")


class Heartbeat:
    """Measures the longest time in which Slicer's event loop did not turn.

    Use as context manager; `longest` is in seconds, `busiest` in those that the thread itself has worked meanwhile:
    other programs on the machine don't count there.
    """

    def __enter__(self):
        import qt

        self.longest = self.busiest = 0.0
        self._last, self._worked = time.perf_counter(), time.thread_time()
        self._timer = qt.QTimer()
        self._timer.connect("timeout()", self._beat)
        self._timer.start(2)
        return self

    def __exit__(self, *exception):
        self._beat()
        self._timer.stop()
        self._timer.deleteLater()

    def _beat(self):
        now, worked = time.perf_counter(), time.thread_time()
        self.longest = max(self.longest, now - self._last)
        self.busiest = max(self.busiest, worked - self._worked)
        self._last, self._worked = now, worked


@contextlib.contextmanager
def runInMiddle(host, logic, ui):
    """Apply; yields the child's process number once training has begun."""
    ui.applyButton.click()
    host.waitUntil(lambda: "raining" in ui.statusLabel.text, message="training has not begun")
    processId = logic.processId
    assert isAlive(processId)
    yield processId
