"""Which network a run uses: one that it trains, one of an earlier result, or one from a file."""

import os

import qt
from slicer.i18n import tr as _

from NSN2NDenoiseLib.logic import networks


class NetworkControl:
    """Offers the networks that there are.

    Args:
        ui: the panel's widgets by name.
    """

    def __init__(self, ui) -> None:
        self._box = ui.networkComboBox
        self._files: list[str] = []
        self._shown: list[tuple[str, str]] = []
        self._box.connect("activated(int)", self._onChosen)

    def setParameterNode(self, parameterNode) -> None:
        """The scene may be another one."""
        self.update()

    def update(self) -> None:
        """List the networks of the results in the scene; the choice stays while it is there."""
        known = [(node.GetName(), node.GetAttribute(networks.FILE)) for node in networks.resultsWithNetwork()]
        items = [(_("none"), ""), *known, *((os.path.basename(path), path) for path in self._files)]
        items.append((_("Choose a file..."), None))
        if items != self._shown:
            self._fill(items, self.path)

    @property
    def path(self) -> str | None:
        """The file of the chosen network; None: one is trained."""
        index = self._box.currentIndex
        return (self._shown[index][1] or None) if 0 <= index < len(self._shown) else None

    @property
    def name(self) -> str:
        """What the chosen network is called in the list."""
        return str(self._box.currentText)

    def _fill(self, items: list[tuple[str, str]], chosen: str | None) -> None:
        self._shown = items
        self._box.clear()
        for name, _path in items:
            self._box.addItem(name)
        self._choose(chosen)

    def _choose(self, path: str | None) -> None:
        paths = [known for _name, known in self._shown]
        self._box.setCurrentIndex(paths.index(path) if path in paths and path else 0)

    def _onChosen(self, index: int) -> None:
        if self._shown[index][1] is not None:
            return
        filters = f"NSN2N (*{networks.SUFFIX})"
        path = str(qt.QFileDialog.getOpenFileName(None, _("Network of an earlier run"), "", filters))
        if path and path not in self._files:
            self._files.append(path)
            self.update()
        self._choose(path or None)
