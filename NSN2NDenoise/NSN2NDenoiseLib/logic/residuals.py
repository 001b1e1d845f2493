"""Who needs which residual: panel and console share one of the same volume, and neither takes it from the other.

A residual goes with its volume.
"""

from collections.abc import Callable

from .residual_job import ResidualJob, keyOf
from .scene_watch import SceneWatch


class Residuals:
    """The latest `ResidualJob` of each owner.

    Args:
        onNew: called with a new job that is about to start.
    """

    def __init__(self, onNew: Callable[[ResidualJob], None]) -> None:
        self._onNew = onNew
        self._jobs: dict[str, ResidualJob] = {}
        self._watches: dict[ResidualJob, SceneWatch] = {}

    def get(self, inputVolume, sliceAxis: str, preset: str, focus, owner: str) -> ResidualJob:
        """The job of a volume, started if there is none; arguments and errors as `DenoisingLogic.residualJob`."""
        key = keyOf(inputVolume, sliceAxis, preset)
        job = next((job for job in self._jobs.values() if job.key == key), None)
        finished = job is not None and not job.running
        if job is None or (finished and (job.suggested is None or (focus is not None and not job.complete))):
            job = ResidualJob(inputVolume, sliceAxis, preset)
            self._onNew(job)
            job.start()
        if job is not self._jobs.get(owner):
            self.drop(owner)
            self._jobs[owner] = job
        if job not in self._watches:
            self._watches[job] = SceneWatch([(inputVolume, "input volume")], lambda _what: self._forget(job))
        if focus is not None and job.running:
            job.computeResidual(focus)
        return job

    def drop(self, owner: str) -> None:
        """Forget the owner's job, and stop it if nobody else needs it."""
        job = self._jobs.pop(owner, None)
        if job is not None and job not in self._jobs.values():
            self._watches.pop(job).end()
            job.cancel()

    def _forget(self, job: ResidualJob) -> None:
        """Drop a job whose volume is gone, whoever has it."""
        for owner in [owner for owner, held in self._jobs.items() if held is job]:
            self.drop(owner)

    def dropAll(self) -> None:
        """Forget and stop all."""
        for owner in list(self._jobs):
            self.drop(owner)
