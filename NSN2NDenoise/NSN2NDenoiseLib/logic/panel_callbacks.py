"""What the panel is told of the runs of a logic, also of those that the console has started."""

from collections.abc import Callable

from NSN2NDenoiseLib import engine

from .outcome import Outcome


class PanelCallbacks:
    """Base of the module's logic.

    Attributes:
        onRunStarted, onRunProgress, onRunFirst, onRunFrame, onRunLog, onRunFinished: set by the panel to follow any run
            of this logic; `onRunFirst` is called with the output volume, `onRunFrame` with it and the frames done.
        onStrengthChanged: likewise, called with a result whose strength was set.
        onPreparing: likewise, called when `isPreparing` changes.
    """

    def __init__(self) -> None:
        self.silence()

    def silence(self) -> None:
        """Tell the panel nothing any more."""
        self.onRunStarted: Callable[[], None] = _nothing
        self.onRunProgress: Callable[[engine.Progress], None] = _nothing
        self.onRunFirst: Callable[[object], None] = _nothing
        self.onRunFrame: Callable[[object, int], None] = _nothing
        self.onRunLog: Callable[[str], None] = _nothing
        self.onRunFinished: Callable[[Outcome], None] = _nothing
        self.onStrengthChanged: Callable[[object], None] = _nothing
        self.onPreparing: Callable[[], None] = _nothing


def _nothing(*args) -> None:
    pass
