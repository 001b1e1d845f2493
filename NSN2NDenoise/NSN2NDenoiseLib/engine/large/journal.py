"""What is done of a run, in a folder: a run that was ended goes on there."""

import json
from pathlib import Path

from ..train.trained import TrainedNetwork
from .figures import Piece

#: What the run is, the network that it has trained, and what is told of each brick.
RUN, NETWORK, PIECE = "run.json", "network.safetensors", "part-{:05}.npz"


class Journal:
    """The records of one run.

    Args:
        folder: where they are; None: nowhere, nothing is recorded.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def open(self, key: dict) -> dict:
        """Keep the records of the same run, forget others.

        Args:
            key: says which run it is, ready for JSON: volume, settings, version.

        Returns:
            What `begin` was told; empty for a new run.
        """
        if self._folder is None:
            return {}
        self._key = json.loads(json.dumps(key))
        try:
            before = json.loads((self._folder / RUN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            before = {}
        if before.get("key") == self._key:
            return before["begun"]
        for file in (*self._folder.glob("part-*.npz"), self._folder / NETWORK, self._folder / RUN):
            file.unlink(missing_ok=True)
        return {}

    def begin(self, **begun) -> None:
        """Say what the run does, ready for JSON, before its first brick."""
        if self._folder is not None:
            text = json.dumps({"key": self._key, "begun": begun}, indent=2)
            part = self._folder / (RUN + ".part")
            part.write_text(text, encoding="utf-8")
            part.replace(self._folder / RUN)

    def save_network(self, network: TrainedNetwork) -> None:
        """Keep the network that was trained."""
        from ..train.network_file import save_network

        if self._folder is not None:
            save_network(network, self._folder / NETWORK)

    def network(self) -> TrainedNetwork | None:
        """The one that was kept."""
        from ..train.network_file import load_network

        if self._folder is None or not (self._folder / NETWORK).is_file():
            return None
        return load_network(self._folder / NETWORK)

    def record(self, number: int, piece: Piece) -> None:
        """Brick `number` is written."""
        if self._folder is not None:
            piece.save(self._folder / PIECE.format(number))

    def recorded(self, number: int) -> Piece | None:
        """What was recorded of a brick; None: it is not done."""
        path = None if self._folder is None else self._folder / PIECE.format(number)
        return Piece.load(path) if path is not None and path.is_file() else None
