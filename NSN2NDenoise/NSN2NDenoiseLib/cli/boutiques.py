"""The run described as a Boutiques descriptor, for platforms that run command lines in containers."""

import json

from .. import __version__
from ..engine.parameters import PARAMETERS, Parameter
from .module import FILES

#: Where the container recipe's images are built to (see Docs/Container.md).
IMAGE = "nsn2n:cpu"
#: Of the descriptor's schema.
SCHEMA = "0.5"


def make_descriptor() -> str:
    """What ``nsn2n --boutiques`` prints: JSON."""
    files = [(name, index, channel, label, text) for name, _, _, index, channel, label, text in FILES]
    inputs = [_file(*one) for one in files] + [_setting(parameter) for parameter in PARAMETERS]
    descriptor = {
        "name": "NSN2N",
        "tool-version": __version__,
        "schema-version": SCHEMA,
        "description": "Denoise a CT, MR or PET volume from that volume alone (Neighboring Slice Noise2Noise). For "
        "research use only.",
        "author": "NSN2N contributors",
        "url": "https://github.com/NSN2N/SlicerNSN2N",
        "tags": {"domain": ["medical imaging", "denoising"]},
        "container-image": {"type": "docker", "image": IMAGE},
        "command-line": " ".join(["nsn2n", "denoise", *(one["value-key"] for one in inputs)]),
        "inputs": inputs,
        "output-files": [
            {
                "id": f"{name}_file",
                "name": label,
                "description": _sentence(text),
                "path-template": _key(name),
                "optional": index is None,
            }
            for name, index, channel, label, text in files
            if channel == "output"
        ],
    }
    return json.dumps(descriptor, indent=2) + "\n"


def _file(name: str, index: int | None, channel: str, label: str, text: str) -> dict:
    """A file that is read, or the name of one that is written."""
    flag = {} if index is not None else {"command-line-flag": "--" + name.replace("_", "-")}
    return {
        "id": name,
        "name": label,
        "description": _sentence(text),
        "type": "File" if channel == "input" else "String",
        "value-key": _key(name),
        "optional": index is None,
        **flag,
    }


def _setting(parameter: Parameter) -> dict:
    described = {
        "id": parameter.name,
        "name": parameter.label,
        "description": _sentence(parameter.help),
        "type": "Number" if parameter.kind in (int, float) else "String",
        "value-key": _key(parameter.name),
        "optional": True,
        "command-line-flag": parameter.flag,
    }
    if isinstance(parameter.kind, tuple):
        described["value-choices"] = list(parameter.kind)
    elif parameter.kind is int:
        described["integer"] = True
    if parameter.low is not None:
        described.update(minimum=parameter.low, maximum=parameter.high)
    return described


def _key(name: str) -> str:
    return f"[{name.upper()}]"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
