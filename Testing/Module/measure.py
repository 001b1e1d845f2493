"""Measures what a user feels: slider latency, time to the first overlay, longest stall of Slicer during a run.

    python Testing/Module/measure.py [--input VOLUME] [--slices N] [--steps N]

In the test host, on this machine, with everything else that runs on it; prints one JSON object. `--slices` repeats the
volume, mirrored, along k up to N slices. The slice views are drawn by MRML's own pipelines on the CPU, 3 views.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "NSN2NDenoise")]

import numpy as np  # noqa: E402

from Testing.Host.host import Host  # noqa: E402
from Testing.Module.support import MODULE, SHORT, Heartbeat, voxels  # noqa: E402

SAMPLE = REPOSITORY / "NSN2NDenoise" / "Resources" / "SampleData" / "CTChestLIDC0314.nrrd"
THRESHOLDS = np.linspace(0.004, 0.05, 15).tolist()


class Measurement:
    """One volume in the panel; each method measures one thing, in seconds."""

    def __init__(self, path: Path, slices: int) -> None:
        self.host = Host.instance()
        import slicer

        self.volume = slicer.util.loadVolume(str(path))
        if slices:
            self._repeat(slices)
        slicer.util.setSliceViewerLayers(background=self.volume, fit=True)
        self.host.resizeWindow(1920, 1200, panelWidth=440)
        slicer.util.resetSliceViews()
        self.widget = self.host.loadModule(str(MODULE))
        self.logic, self.ui = self.widget.logic, self.widget.panel.ui
        self.matching = self.widget.panel.matching

    def _repeat(self, slices: int) -> None:
        """Repeat the volume along k, every second time mirrored, so that neighbors stay neighbors."""
        import slicer

        array = voxels(self.volume)
        parts = [array[:: -1 if n % 2 else 1] for n in range(-(-slices // len(array)))]
        slicer.util.updateVolumeFromArray(self.volume, np.concatenate(parts)[:slices])

    def preview(self) -> dict:
        """From the click on Preview to the first overlay on a slice view, and to the whole residual."""
        with Heartbeat() as heartbeat:
            start = time.perf_counter()
            self.ui.previewCheckBox.click()
            self.host.waitUntil(lambda: self.matching.overlay.matchedFraction is not None, 600)
            self.host.processEvents()
            first = time.perf_counter() - start
            self.host.waitUntil(lambda: self.matching._job.complete, 3600)
            whole = time.perf_counter() - start
        return {"firstOverlay": first, "wholeResidual": whole, "longestStall": heartbeat.longest}

    def slider(self) -> dict:
        """From a step of the slider to the drawn views."""
        latencies = []
        self.host.wait(0.5)
        for threshold in THRESHOLDS:
            start = time.perf_counter()
            self.ui.thresholdSlider.value = threshold
            while self.matching._shown != self.logic.getParameterNode().threshold:
                self.host.app.processEvents()
            self.host.processEvents()
            latencies.append(time.perf_counter() - start)
            self.host.wait(0.1)
        return {"median": statistics.median(latencies), "worst": max(latencies)}

    def run(self, steps: int) -> dict:
        """The longest time without a turn of the event loop: at the start, while it trains, at the end."""
        process = self.logic.process
        self.logic.process = lambda *a, **k: process(*a, settings={**SHORT, "steps": steps}, **k)
        stalls = {}
        phases = {
            "start": lambda: "raining" in self.ui.statusLabel.text or not self.logic.isRunning(),
            "training": lambda: "raining" not in self.ui.statusLabel.text or not self.logic.isRunning(),
            "denoisingAndResult": lambda: not self.logic.isRunning(),
        }
        for n, (name, ended) in enumerate(phases.items()):
            with Heartbeat() as heartbeat:
                if n == 0:
                    self.ui.applyButton.click()
                self.host.waitUntil(ended, 3600)
                self.host.processEvents()
            stalls[name] = heartbeat.longest
        return {"outcome": self.ui.statusLabel.text, "longestStall": stalls}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", type=Path, default=SAMPLE)
    parser.add_argument("--slices", type=int, default=0)
    parser.add_argument("--steps", type=int, default=150)
    arguments = parser.parse_args()
    measurement = Measurement(arguments.input, arguments.slices)
    result = {
        "volume": f"{arguments.input.name}, {' x '.join(str(n) for n in voxels(measurement.volume).shape[::-1])}",
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
        "preview": measurement.preview(),
        "slider": measurement.slider(),
    }
    if arguments.steps:
        result["run"] = measurement.run(arguments.steps)
    print(json.dumps(result, indent=1, default=float))
    measurement.host.quit()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Qt and VTK would be torn down in the wrong order
