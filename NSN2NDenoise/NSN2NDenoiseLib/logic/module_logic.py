"""What the module can do, for the panel and for the Python console; the module's Logic class is this."""

from collections.abc import Callable

from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.report.runs import price

from . import arguments, dependencies, results, volumes
from .denoise_run import DenoiseRun
from .folder_logic import FolderLogic
from .job_directory import removeLeftovers
from .mask import checkMask, writeMask
from .outcome import Outcome, nodeOrRaise
from .panel_callbacks import PanelCallbacks
from .preparation import Preparation
from .preview_job import PreviewJob
from .quality_run import QualityRun, checkPage, checkQuality
from .requests import requestOf, sequenceRequestOf
from .residual_job import ResidualJob
from .residuals import Residuals
from .sequence_run import SequenceRun
from .stop_on_quit import StopOnQuit
from .strength import changing
from .waiting import waitFor


class DenoisingLogic(FolderLogic, PanelCallbacks):
    """Denoising, mask and suggested threshold of volumes in the scene. Needs no widget."""

    def __init__(self) -> None:
        super().__init__()
        self._run: DenoiseRun | SequenceRun | None = None
        self._qualityRun: QualityRun | None = None
        self._stopOnQuit = StopOnQuit(self.stopEverything)
        self._residuals = Residuals(self._stopOnQuit.add)
        self._preparation = Preparation(lambda: self.onPreparing())

    def process(
        self,
        inputVolume,
        outputVolume=None,
        threshold: float | None = None,
        lambdaRC: float | None = None,
        lambdaIC: float | None = None,
        preset: str = "default",
        sliceAxis: str = "auto",
        device: str = "auto",
        seed: int = 0,
        noiseVolume=None,
        progressCallback: Callable[[engine.Progress], None] | None = None,
        waitForCompletion: bool = True,
        settings: dict | None = None,
        finishedCallback: Callable[[Outcome], None] | None = None,
        rician: str | None = None,
        minutes: float | None = None,
        strength: float = 1.0,
        first: bool | None = None,
        learn: str | None = None,
        refine: bool | None = None,
        firstCallback: Callable[[object], None] | None = None,
        roi=None,
        segmentation=None,
        segment: str | None = None,
        network=None,
        saveNetwork=None,
    ):
        """Denoise a volume by Neighboring Slice Noise2Noise, training on this volume alone.

        When stages are still to come after a usable result, that one is put in the scene as first result, and replaced
        in its place when the run has ended.

        Args:
            inputVolume: scalar volume node.
            outputVolume: volume node to overwrite; None creates "<name> denoised".
            threshold: th of Eq. 3, normalized, 0 to 1; None is automatic.
            lambdaRC, lambdaIC: weights of the losses of Eqs. 5 and 6 in Eq. 7; None takes the preset's.
            preset: "default", "fast" (no network), "nsn2n" (the paper's method, shorter), "paper" (to the letter) or
                "ultrasound" (the grains of its speckle).
            sliceAxis: "auto", "k", "j" or "i": along which axis the neighbors lie.
            device: "auto", "cpu", "cuda" or "mps".
            seed: of everything random; one seed, device and library versions give one result.
            noiseVolume: volume node for input - output; True creates one; None keeps none.
            progressCallback: called with `engine.Progress`; an exception in it stops the run.
            waitForCompletion: False returns at once, and the run goes on while Slicer is used.
            settings: more overrides of the preset (see `engine.Settings`), for research.
            minutes: time limit of the run, 0.1 to 1440; None takes the preset's number of training steps.
            finishedCallback: called with the `Outcome` when the run ended in whatever way.
            rician: take the bias of MR magnitude images away: "auto" where the volume is recognized as one, "on",
                "off"; None takes the preset's ("paper": "off", else "auto").
            strength: part of the removed noise that stays removed, 0 to 1; `setStrength` changes it afterwards.
            first, refine: filter similar blocks before any training, and after it guided by the network; None takes
                the preset's.
            learn: train the network: "auto" where it helps, "on", "off"; None takes the preset's.
            firstCallback: called with the output volume when it holds a first result.
            roi: Markups ROI node, and
            segmentation, segment: segmentation node and ID or name of its segment (None: any): denoise only there,
                with a soft seam inside the edge; elsewhere voxels stay as they are. Where both are given: in both.
            network: result of this session, or path of a saved network, whose network is used instead of training one:
                seconds instead of minutes, for another series of the same scan. Refused where noise or spacing don't
                fit.
            saveNetwork: path of a file (.safetensors) for the network; one is trained then, whatever the noise. Where
                that can't be written in the end, the result's report warns of it.

        Returns:
            The output volume node; without waiting: `outputVolume` (None if it is still to be created).

        Raises:
            ValueError: an argument can't be used; nothing was started. Also (as `engine.InputError`, when waiting) a
                volume that can't be denoised.
            DependencyError: torch is missing.
            RuntimeError: a run is in progress already, or Python packages are being installed; or, when waiting, the
                run failed (`engine.RunError`).
            engine.Cancelled: when waiting, the run was canceled or its nodes were removed.
        """
        request = requestOf(
            inputVolume, outputVolume, noiseVolume, preset, settings, network, saveNetwork, roi, segmentation, segment,
            threshold=threshold, lambdaRC=lambdaRC, lambdaIC=lambdaIC, sliceAxis=sliceAxis, device=device, seed=seed,
            rician=rician, minutes=minutes, strength=strength, first=first, learn=learn, refine=refine,
        )  # fmt: skip

        def tellFirst(node) -> None:
            self.onRunFirst(node)
            if firstCallback is not None:
                firstCallback(node)

        def makeRun(report, finish) -> DenoiseRun:
            return DenoiseRun(request, report, tellFirst, lambda line: self.onRunLog(line), finish)

        nodes = [node for node in (inputVolume, outputVolume, noiseVolume) if node not in (None, True)]
        run = self._start(makeRun, nodes, progressCallback, waitForCompletion, finishedCallback)
        return nodeOrRaise(run.outcome) if waitForCompletion else outputVolume

    def processSequence(
        self,
        inputSequence,
        progressCallback: Callable[[engine.Progress], None] | None = None,
        frameCallback: Callable[[object, int], None] | None = None,
        waitForCompletion: bool = True,
        finishedCallback: Callable[[Outcome], None] | None = None,
        preset: str = "default",
        settings: dict | None = None,
        network=None,
        saveNetwork=None,
        roi=None,
        segmentation=None,
        segment: str | None = None,
        **values,
    ):
        """Denoise all frames of a sequence into a sequence beside it, in the same browser, with the same index.

        Frames with the same noise share one look and one network, so nothing flickers, and the first one takes longest.
        `cancel` takes all frames back, `stopAndKeep` keeps those that are done; so does a frame that fails.

        Args:
            inputSequence: sequence node that a sequence browser shows, or the volume node that shows its frames.
            frameCallback: called after each frame with the volume node that shows the results, and how many are done.
            roi, segmentation, segment: as for `process`; where they lie in the frame that is shown, and there in all.
            values: threshold, lambdaRC, lambdaIC, sliceAxis, device, seed, rician, minutes (of all frames together),
                strength, first, learn, refine; these and all others as for `process`.

        Returns:
            The sequence node of the results; without waiting: None, it is still to be created.

        Raises:
            As `process`; ValueError, too, where there is no sequence, or its frames are of several sizes.
        """
        request = sequenceRequestOf(
            inputSequence, preset, settings, network, saveNetwork, roi, segmentation, segment, values
        )

        def tellFrame(node, done: int) -> None:
            self.onRunFrame(node, done)
            if frameCallback is not None:
                frameCallback(node, done)

        def makeRun(report, finish) -> SequenceRun:
            return SequenceRun(request, report, tellFrame, lambda line: self.onRunLog(line), finish)

        frames = request.frames
        nodes = [frames.sequence, frames.browser, *frames.nodes]
        run = self._start(makeRun, nodes, progressCallback, waitForCompletion, finishedCallback)
        return frames.browser.GetSequenceNode(nodeOrRaise(run.outcome)) if waitForCompletion else None

    def _start(self, makeRun, nodes: list, progressCallback, waitForCompletion: bool, finishedCallback):
        """Start a run on `nodes` that `makeRun` makes of the callbacks for progress and end; wait for it if asked.

        Raises:
            DependencyError, RuntimeError: as `process`; or what `progressCallback` raised.
        """
        if self.isRunning():
            raise RuntimeError(_("NSN2N is already running. Wait for it to finish, or cancel it first."))
        self._prepare(dependencies.ensureForRun, nodes)
        callbackError: list[Exception] = []

        def report(progress: engine.Progress) -> None:
            self.onRunProgress(progress)
            if progressCallback is not None and not callbackError:
                try:
                    progressCallback(progress)
                except Exception as error:
                    callbackError.append(error)
                    self.cancel()
                    if not waitForCompletion:
                        raise

        def finish(outcome: Outcome) -> None:
            self._run = None
            self.onRunFinished(outcome)
            self._stopOnQuit.tell(finishedCallback, outcome)

        run = self._run = makeRun(report, finish)
        self._stopOnQuit.add(run)
        self.onRunStarted()
        run.start()
        if waitForCompletion:
            waitFor(run)
            if callbackError:
                raise callbackError[0]
        return run

    def cancel(self) -> None:
        """Stop the run in progress, if there is one; the scene becomes what it was, without a first result, too."""
        if self._run is not None:
            self._run.cancel()

    def stopAndKeep(self) -> None:
        """End the run in progress, if there is one, with the best result so far, or the first one when it is there."""
        if self._run is not None:
            self._run.keep()

    def setStrength(self, outputVolume, strength: float):
        """Make more or less of the removed noise stay removed; input + strength (full result - input).

        Nothing is trained or lost: beside a result of less than full strength the full one stays in the scene. The
        removed noise, report and description follow.

        Args:
            outputVolume: a result of `process`.
            strength: 0 (the input) to 1 (all that was removed).

        Returns:
            `outputVolume`.

        Raises:
            ValueError: a strength outside 0 to 1, no result, or its input or full result is gone.
        """
        arguments.checkIsVolume(outputVolume, _("output volume"))
        volumes.atOnce(changing(outputVolume, strength))
        self.onStrengthChanged(outputVolume)
        return outputVolume

    def qualityReport(
        self,
        outputVolume,
        path,
        lesions: bool = False,
        overwrite: bool = False,
        progressCallback: Callable[[engine.Progress], None] | None = None,
        waitForCompletion: bool = True,
        finishedCallback: Callable[[Outcome], None] | None = None,
    ) -> str:
        """Write the page that says what a result is worth (``nsn2n report``), with no name of a file or patient in it.

        Args:
            outputVolume: a result of `process`, whose input is in the scene, also after the scene was saved and loaded.
            path: of the page, ending in ".html".
            lesions: insert lesions of low contrast, run the same stages again and measure what comes back of them; this
                costs as much time as the run (`qualityReportPrice`).
            overwrite: replace a file that is there.
            progressCallback: called with `engine.Progress` of the run with lesions.
            waitForCompletion: False returns at once.
            finishedCallback: called with the `Outcome`.

        Returns:
            The path.

        Raises:
            ValueError: no result, its input is gone or was changed, the path can't be written, or lesions can't be
                inserted.
            RuntimeError: a report is being made already, or, when waiting, it failed.
            engine.Cancelled: when waiting, it was canceled.
        """
        self._stopOnQuit.check()
        arguments.checkIsVolume(outputVolume, _("result"))
        checkQuality(outputVolume, lesions)
        path = checkPage(path, overwrite)
        if self.isReporting():
            raise RuntimeError(_("A quality report is being made already. Wait for it to finish, or cancel it first."))
        if lesions:
            self._prepare(dependencies.ensureForRun, [outputVolume, results.inputOf(outputVolume)])

        def finish(outcome: Outcome) -> None:
            self._qualityRun = None
            self._stopOnQuit.tell(finishedCallback, outcome)

        run = QualityRun(
            outputVolume, path, lesions, progressCallback or _nothing, lambda line: self.onRunLog(line), finish
        )
        self._qualityRun = run
        self._stopOnQuit.add(run)
        run.start()
        if waitForCompletion:
            waitFor(run)
            nodeOrRaise(run.outcome)
        return path

    def qualityReportPrice(self, outputVolume) -> str:
        """What it costs to insert lesions for the quality report of a result, in words."""
        arguments.checkIsVolume(outputVolume, _("result"))
        checkQuality(outputVolume)
        return price(results.reportOf(outputVolume))

    def isReporting(self) -> bool:
        """Whether a quality report is being made."""
        return self._qualityRun is not None

    def cancelQualityReport(self) -> None:
        """Stop making a quality report; no page is written."""
        if self._qualityRun is not None:
            self._qualityRun.cancel()

    def isRunning(self) -> bool:
        """Whether a denoising run is in progress."""
        return self._run is not None

    def isImproving(self, outputVolume) -> bool:
        """Whether the run in progress will put a better result in a volume."""
        return isinstance(self._run, DenoiseRun) and outputVolume is not None and self._run.output is outputVolume

    def isPreparing(self) -> bool:
        """Whether Python packages are being made sure of or installed; nothing that needs them can start meanwhile."""
        return self._preparation.running

    @property
    def framesDone(self) -> int:
        """How many frames of the sequence that is being denoised are done; 0 when there is none."""
        return self._run.done if isinstance(self._run, SequenceRun) else 0

    @property
    def processId(self) -> int:
        """The system's number of the child process of the run in progress; 0 without one."""
        return self._run.processId if self._run is not None else 0

    def suggestThreshold(self, inputVolume, sliceAxis: str = "auto", preset: str = "default") -> float:
        """The automatic threshold of Eq. 3, normalized; blocks for a few seconds.

        Raises:
            ValueError: not a volume that can be denoised.
        """
        arguments.checkInput(inputVolume, sliceAxis)
        job = self.residualJob(inputVolume, sliceAxis, preset, owner="console")
        waitFor(job, lambda: job.suggested is not None)
        if job.suggested is None:
            nodeOrRaise(job.outcome)
        return job.suggested

    def computeMask(
        self,
        inputVolume,
        threshold: float | None = None,
        labelVolume=None,
        sliceAxis: str = "auto",
        preset: str = "default",
    ):
        """W_i of Eq. 3 as label map: 1 where a voxel matches its neighbor slice, else 0. The mask that training uses.

        Args:
            inputVolume: scalar volume node.
            threshold: normalized, 0 to 1; None is automatic.
            labelVolume: label map node to overwrite; None creates "<name> W".
            sliceAxis: "auto", "k", "j" or "i".
            preset: of the run to come: "paper" always pairs direct neighbors.

        Returns:
            The label map node.

        Raises:
            ValueError, DependencyError: as `suggestThreshold`; RuntimeError: the computation failed.
        """
        checkMask(inputVolume, threshold, labelVolume, sliceAxis)
        focus = [n // 2 for n in volumes.arrayOf(inputVolume).shape]
        job = self.residualJob(inputVolume, sliceAxis, preset, focus, owner="console")
        waitFor(job, lambda: job.complete)
        if not job.complete:
            nodeOrRaise(job.outcome)
        return writeMask(job.residual, job.suggested if threshold is None else threshold, inputVolume, labelVolume)

    def residualJob(
        self, inputVolume, sliceAxis: str, preset: str = "default", focus=None, owner: str = "panel"
    ) -> ResidualJob:
        """The job that looks at a volume's neighbors, or has done so; the owner's earlier one is dropped.

        Args:
            inputVolume, sliceAxis, preset: as for `process`; the volume is usable.
            focus: (k, j, i) of the voxel that is looked at: the residual, too, its slice first; or None.
            owner: "panel" or "console"; neither takes the other's job away, and they share one for one volume.

        Raises:
            OSError: the temporary folder can't be written.
            RuntimeError: everything is being stopped, or was.
        """
        self._stopOnQuit.check()
        return self._residuals.get(inputVolume, sliceAxis, preset, focus, owner)

    def dropResidual(self, owner: str = "panel") -> None:
        """Forget the owner's residual, and stop computing it if nobody else needs it."""
        self._residuals.drop(owner)

    def previewJob(
        self, inputVolume, settings: dict, withNetwork: dict | None, onSketched, onShown, onNotShown, onFinished
    ) -> PreviewJob:
        """A started job that shows what a run will give that trains no network; arguments as `PreviewJob`, usable.

        Raises:
            DependencyError: torch is missing.
            RuntimeError: Python packages are being installed, the volume was changed meanwhile, or everything is being
                stopped, or was.
            OSError: the temporary folder can't be written.
        """
        self._prepare(dependencies.ensureForRun, [inputVolume])
        job = PreviewJob(inputVolume, settings, withNetwork, onSketched, onShown, onNotShown, onFinished)
        self._stopOnQuit.add(job)
        job.start()
        return job

    def stopEverything(self) -> None:
        """Stop all processes and remove all files before returning: the application quits or the module goes.

        Nothing can be started any more, not even by a callback that hears of an end.
        """
        self._stopOnQuit.close()
        self.cancel()
        self._residuals.dropAll()
        self._stopOnQuit.stop()
        if self.isFolderRunning():
            self._folderRun.stopNow()
        removeLeftovers()

    def isClosing(self) -> bool:
        """Whether Slicer closes, or the module goes: nothing new is started then."""
        return self._stopOnQuit.isClosed

    def _prepare(self, ensure: Callable[[], None], nodes: list) -> None:
        """Make sure of Python packages, unless Slicer closes, or does meanwhile; `nodes` as in `Preparation`."""
        self._stopOnQuit.check()
        self._preparation.do(ensure, nodes)
        self._stopOnQuit.check()


def _nothing(*args) -> None:
    pass
