"""The part of the module's logic that denoises folders."""

from collections.abc import Callable

from slicer.i18n import tr as _

from . import dependencies
from .folder_run import FolderRun
from .outcome import Outcome, nodeOrRaise
from .stop_on_quit import StopOnQuit
from .waiting import waitFor


class FolderLogic:
    """Denoises the volumes of a folder, beside what runs in the scene."""

    _stopOnQuit: StopOnQuit
    _folderRun: FolderRun | None = None
    _prepare: Callable[..., None]
    onRunLog: Callable[[str], None]

    def processFolder(
        self,
        inputFolder,
        outputFolder,
        preset: str = "default",
        progressCallback: Callable[[int, int, str], None] | None = None,
        finishedCallback: Callable[[Outcome, str], None] | None = None,
        waitForCompletion: bool = True,
        overwrite: bool = False,
        **options,
    ) -> str | None:
        """Denoise every volume of a folder and its folders (``nsn2n batch``), beside what runs in the scene.

        The same call goes on where it was stopped. The scene is neither read nor changed.

        Args:
            inputFolder: files, DICOM series or a BIDS dataset.
            outputFolder: a new folder, or that of an earlier call.
            progressCallback: called with (volumes ended, all volumes, rate and time left in words).
            finishedCallback: called with the `Outcome` and the path of the table's HTML page.
            overwrite: replace results of other settings.
            options: of the command: threshold, minutes, strength, steps, gap, rician, axis, device, seed, workers; None
                takes the preset's.

        Returns:
            The path of the HTML page; None without waiting.

        Raises:
            ValueError: there is no such folder.
            DependencyError: torch or Dask is missing.
            RuntimeError: a folder is being denoised already; or, when waiting, volumes are without a result.
            engine.Cancelled: when waiting, it was canceled.
        """
        if self.isFolderRunning():
            raise RuntimeError(_("A folder is being denoised already. Wait for it to finish, or stop it first."))
        self._prepare(dependencies.ensureForFolder, [])
        options = {"preset": preset, **options, "overwrite": overwrite}

        def tell(*progress) -> None:
            if progressCallback is not None:
                progressCallback(*progress)

        def finish(outcome: Outcome) -> None:
            self._stopOnQuit.tell(finishedCallback, outcome, run.page)

        run = FolderRun(inputFolder, outputFolder, options, tell, lambda line: self.onRunLog(line), finish)
        self._folderRun = run
        self._stopOnQuit.connect()
        run.start()
        if not waitForCompletion:
            return None
        waitFor(run)
        nodeOrRaise(run.outcome)
        return run.page

    def isFolderRunning(self) -> bool:
        """Whether the volumes of a folder are being denoised."""
        return self._folderRun is not None and self._folderRun.running

    def cancelFolder(self) -> None:
        """Stop denoising a folder; finished volumes stay."""
        if self.isFolderRunning():
            self._folderRun.cancel()
