"""A trained network in a file: weights as safetensors, which can hold no program, and what it is in the header."""

import json
from dataclasses import asdict, fields
from pathlib import Path

from ..errors import InputError, SettingsError
from ..settings import Settings
from .trained import SHAPE, TrainedNetwork, TrainedOn
from .unet import make_network

#: What the header says that the file is, and the version of what stands in it.
KIND, LAYOUT = "NSN2N network", "1"


def save_network(trained: TrainedNetwork, path: Path) -> None:
    """Write a network; the header's metadata are strings, each the JSON of a value.

    Raises:
        ImportError: the package safetensors is missing.
        OSError: the file can't be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    values = {**trained.shape, **asdict(trained.trained_on), **trained.training}
    metadata = {"kind": KIND, "layout": LAYOUT, **{name: json.dumps(value) for name, value in values.items()}}
    try:
        save_file(dict(trained.weights), path, metadata)
    except SafetensorError as error:  # it has no others for a full disk
        raise OSError(str(error)) from error


def load_network(path: Path) -> TrainedNetwork:
    """Read what `save_network` wrote; nothing of the file is executed.

    Raises:
        InputError: missing, damaged, or something else; the text says which.
        ImportError: the package safetensors is missing.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise InputError(f"the network {path} does not exist")
    try:
        with safe_open(path, "pt", "cpu") as file:
            metadata = file.metadata() or {}
            if metadata.get("kind") != KIND or metadata.get("layout") != LAYOUT:
                raise InputError(f"{path} holds no network that this version of NSN2N has saved")
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is no network, or damaged ({error})") from error
    try:
        trained = _of(weights, {name: json.loads(metadata[name]) for name in metadata.keys() - {"kind", "layout"}})
        network = make_network(Settings.from_preset(**trained.shape), trained.trained_on.noise_sd)
        network.load_state_dict(dict(trained.weights))
    except (KeyError, TypeError, ValueError, RuntimeError, SettingsError) as error:
        raise InputError(f"the network {path} is damaged: header and weights do not belong together") from error
    return trained


def _of(weights: dict, values: dict) -> TrainedNetwork:
    shape = {name: values.pop(name) for name in SHAPE}
    seen = {field.name: values.pop(field.name) for field in fields(TrainedOn)}
    seen["color"] = tuple(map(tuple, seen["color"]))
    seen["slice_correlation"] = tuple(seen["slice_correlation"])
    seen["spacing"] = None if seen["spacing"] is None else tuple(seen["spacing"])
    return TrainedNetwork(weights, shape, TrainedOn(**seen), values)
