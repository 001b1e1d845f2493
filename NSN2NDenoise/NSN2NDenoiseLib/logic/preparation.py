"""Python packages are made sure of before something starts; while some are installed, Slicer handles clicks."""

from collections.abc import Callable

from slicer.i18n import tr as _

from .written import timeOf


class Preparation:
    """Lets one caller at a time make sure of packages.

    Args:
        onChanged: called when it begins and ends.

    Attributes:
        running: whether it is going on.
    """

    def __init__(self, onChanged: Callable[[], None]) -> None:
        self._onChanged = onChanged
        self.running = False

    def do(self, ensure: Callable[[], None], nodes: list) -> None:
        """Call `ensure`; `nodes` are those that the caller has checked and goes on with.

        Raises:
            DependencyError: of `ensure`.
            RuntimeError: packages are being made sure of for another caller, or a node was changed or removed
                meanwhile.
        """
        if self.running:
            raise RuntimeError(_("Python packages are being installed for NSN2N. Wait for that, then try again."))
        before = [_stateOf(node) for node in nodes]
        self.running = True
        try:
            self._onChanged()
            ensure()
        finally:
            self.running = False
            self._onChanged()
        for node, state in zip(nodes, before, strict=True):
            if _stateOf(node) != state:
                raise RuntimeError(
                    _(
                        "'{name}' was changed or removed while Python packages were being installed. They are there "
                        "now: start again."
                    ).format(name=node.GetName())
                )


def _stateOf(node) -> tuple:
    return node.GetScene(), timeOf(node) if node.IsA("vtkMRMLVolumeNode") else None
