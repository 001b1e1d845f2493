"""Makes the pictures of the README: the panel and three slice views in the test host, at each step of the tutorial.

    python Testing/Module/screenshots.py [--input VOLUME] [--out Resources/Screenshots] [--quick]

The real module, child process and engine; only the window around them is the host's. `--quick` trains too short to
denoise well and is for looking at the panel itself.
"""

import argparse
import json
import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "NSN2NDenoise")]

from Testing.Host.host import Host  # noqa: E402
from Testing.Module.support import MODULE, SHORT  # noqa: E402

SAMPLE = REPOSITORY / "NSN2NDenoise" / "Resources" / "SampleData" / "CTChestLIDC0314.nrrd"
WINDOW = (1360, 880)
PANEL_WIDTH = 440


class Tutorial:
    """Walks through the tutorial and takes a picture at each step."""

    def __init__(self, path: Path, folder: Path, window: tuple[float, float], quick: bool) -> None:
        self.host = Host.instance()
        import slicer

        self.slicer, self.folder = slicer, folder
        self.volume = slicer.util.loadVolume(str(path))
        display = self.volume.GetDisplayNode()
        display.SetAutoWindowLevel(False)
        display.SetWindowLevel(*window)
        slicer.util.setSliceViewerLayers(background=self.volume, fit=True)
        self.widget = self.host.loadModule(str(MODULE))
        self.logic, self.ui = self.widget.logic, self.widget.panel.ui
        if quick:
            process = self.logic.process
            self.logic.process = lambda *a, **k: process(*a, settings={**SHORT, "first": True, "steps": 400}, **k)
        self.host.resizeWindow(*WINDOW, panelWidth=PANEL_WIDTH)
        slicer.util.resetSliceViews()

    def picture(self, name: str) -> None:
        self.host.wait(0.3)
        print(self.host.screenshot(str(self.folder / f"{name}.png")), flush=True)

    def run(self) -> None:
        host, ui = self.host, self.ui
        host.waitUntil(lambda: "automatic)" in ui.thresholdUnitsLabel.text, 120, "no automatic threshold")
        self.picture("1-loaded")
        ui.previewCheckBox.click()
        job = self.widget.panel.matching._job
        host.waitUntil(lambda: job.complete, 600, "the residual")
        self.picture("2-overlay-automatic")
        automatic = ui.thresholdSlider.value
        ui.thresholdSlider.value = automatic / 4
        self.picture("3-overlay-too-low")
        ui.autoThresholdButton.click()
        ui.previewCheckBox.click()
        ui.applyButton.click()
        host.waitUntil(lambda: ui.progressBar.maximum and ui.progressBar.value >= 40, 1200, "half of the run")
        self.picture("4-running")
        host.waitUntil(lambda: not self.logic.isRunning(), 3600, "the end of the run")
        if self.logic.getParameterNode().resultVolume is None:
            raise SystemExit(f"The run failed: {ui.statusLabel.text}")
        self.picture("5-result")
        ui.noiseViewButton.click()
        self.picture("6-removed-noise")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", type=Path, default=SAMPLE)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "Resources" / "Screenshots")
    parser.add_argument("--window", type=float, nargs=2, default=(400, 40), metavar=("WINDOW", "LEVEL"))
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    tutorial = Tutorial(arguments.input, arguments.out, tuple(arguments.window), arguments.quick)
    tutorial.run()
    problems = tutorial.host.problems.take()
    tutorial.host.quit()
    if problems:
        raise SystemExit(json.dumps([str(problem) for problem in problems], indent=1))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Qt and VTK would be torn down in the wrong order
