"""How a job ended, and what the console gets of that: a node, or the error that says why there is none."""

from dataclasses import dataclass, field

from NSN2NDenoiseLib import engine

from .dependencies import DependencyError


@dataclass
class Outcome:
    """How a job ended.

    Attributes:
        status: "done", "cancelled" or "failed".
        message: what happened, for the user; "" when done.
        kind: of a failure, as in `protocol`, or "crash" or "start".
        details: traceback or the last lines of the log.
        report: of a denoising run that is done.
        node: the output volume of a denoising run that is done.
    """

    status: str
    message: str = ""
    kind: str = ""
    details: str = ""
    report: dict = field(default_factory=dict)
    node: object = None


def nodeOrRaise(outcome: Outcome):
    """The node of a run that is done; else the error that says how it ended."""
    if outcome.status == "done":
        return outcome.node
    if outcome.status == "cancelled":
        raise engine.Cancelled(outcome.message)
    errors = {"input": engine.InputError, "settings": engine.SettingsError, "missing": DependencyError}
    raise errors.get(outcome.kind, engine.RunError)(outcome.message)
