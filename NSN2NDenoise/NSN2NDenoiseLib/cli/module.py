"""The Slicer Execution Model: the run described as XML, and called as programs do that have read it.

Its schema allows no "-" inside a flag, so the flags are the settings' names: ``--lambda_rc``. Where a program always
gives a value, `Parameter.unset` leaves the setting to the preset.
"""

import argparse
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path

from .. import __version__
from ..engine import Progress
from ..engine.parameters import PARAMETERS, Parameter
from .parameters import WITHIN, threshold

#: The files: name, element, its attributes, index or None for a flag, channel, label, sentence.
IMAGES = {"fileExtensions": ".nrrd,.nii.gz,.nii,.mha,.mhd"}
NETWORK = {"fileExtensions": ".safetensors"}
FILES = (
    ("input", "image", IMAGES, 0, "input", "Input volume", "noisy CT, MR or PET volume"),
    ("output", "image", IMAGES, 1, "output", "Output volume", "denoised volume"),
    ("within", "image", {**IMAGES, "type": "label"}, None, "input", "Only within", WITHIN),
    ("noise", "image", IMAGES, None, "output", "Removed noise", "also write what was removed: input - output"),
    (
        "mask",
        "image",
        {**IMAGES, "type": "label"},
        None,
        "output",
        "Mask of matching neighbors",
        "also write W: 1 where neighboring slices match",
    ),
    ("report", "file", {"fileExtensions": ".json"}, None, "output", "Report", "also write the numbers of the run"),
    (
        "preview",
        "file",
        {"fileExtensions": ".png"},
        None,
        "output",
        "Preview",
        "also draw input, W, output and removed noise",
    ),
    (
        "save_network",
        "file",
        NETWORK,
        None,
        "output",
        "Keep the network",
        "train a network whatever the noise, and keep it for other series of the same scan",
    ),
    (
        "network",
        "file",
        NETWORK,
        None,
        "input",
        "Use a kept network",
        "use a kept network instead of training one; refused where noise or spacing do not fit",
    ),
)
#: What Slicer may add to any call.
IGNORED = ("--returnparameterfile", "--processinformationaddress")
#: Least change of the progress that is told.
STEP = 0.005


def make_xml() -> str:
    """The description that ``--xml`` prints."""
    root = ET.Element("executable")
    for name, text in (
        ("category", "Filtering.Denoising"),
        ("title", "NSN2N Denoise (CLI)"),
        (
            "description",
            "Denoise a CT, MR or PET volume from that volume alone (Neighboring Slice Noise2Noise). For research use "
            "only.",
        ),
        ("version", __version__),
        ("documentation-url", "https://arxiv.org/abs/2411.10831"),
        ("license", "MIT"),
        ("contributor", "NSN2N contributors"),
    ):
        ET.SubElement(root, name).text = text
    files = _group(root, "Volumes and files", "What is read and written", advanced=False)
    for name, element, attributes, index, channel, label, text in FILES:
        place = ("longflag", name) if index is None else ("index", str(index))
        _parameter(files, element, attributes, name, place, text, label, None, channel)
    for advanced, label in ((False, "Denoising"), (True, "Advanced")):
        group = _group(root, label, "How the volume is denoised", advanced)
        for parameter in PARAMETERS:
            if parameter.advanced == advanced:
                _setting(group, parameter)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _group(root: ET.Element, label: str, description: str, advanced: bool) -> ET.Element:
    group = ET.SubElement(root, "parameters", {"advanced": "true"} if advanced else {})
    ET.SubElement(group, "label").text = label
    ET.SubElement(group, "description").text = description
    return group


def _setting(group: ET.Element, parameter: Parameter) -> None:
    kinds = {int: "integer", float: "double", str: "string"}
    is_choice = isinstance(parameter.kind, tuple)
    element = "string-enumeration" if is_choice else kinds[parameter.kind]
    default = parameter.default if parameter.unset is None else parameter.unset
    place = ("longflag", parameter.name)
    low, text = parameter.low, parameter.help
    if low is not None and default < low:  # XML can't say that of all below only this one is allowed
        text, low = f"{text}; {default}: as the preset has it, else from {low}", default
    node = _parameter(group, element, {}, parameter.name, place, text, parameter.label, str(default), None)
    if is_choice:
        for choice in _choices(parameter):
            ET.SubElement(node, "element").text = choice
    elif low is not None:
        constraints = ET.SubElement(node, "constraints")
        for name, value in (("minimum", low), ("maximum", parameter.high)):
            ET.SubElement(constraints, name).text = str(value)
        ET.SubElement(constraints, "step").text = "1" if parameter.kind is int else "0.1"


def _parameter(
    group: ET.Element,
    element: str,
    attributes: dict[str, str],
    name: str,
    place: tuple[str, str],
    text: str,
    label: str,
    default: str | None,
    channel: str | None,
) -> ET.Element:
    node = ET.SubElement(group, element, attributes)
    ET.SubElement(node, "name").text = name
    ET.SubElement(node, place[0]).text = place[1]
    ET.SubElement(node, "description").text = text[0].upper() + text[1:]
    ET.SubElement(node, "label").text = label
    if default is not None:
        ET.SubElement(node, "default").text = default
    if channel is not None:
        ET.SubElement(node, "channel").text = channel
    return node


def _choices(parameter: Parameter) -> tuple[str, ...]:
    return (*(() if parameter.unset is None else (parameter.unset,)), *parameter.kind)


def parse_call(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of ``nsn2n denoise`` that a call in the module's form means; outputs may exist and are replaced."""
    parser = argparse.ArgumentParser(prog="NSN2NDenoiseCLI", description="See --xml.", allow_abbrev=False)
    for name, _, _, index, _, _, text in FILES:
        parser.add_argument(*([f"--{name}"] if index is None else [name]), type=Path, help=text)
    for parameter in PARAMETERS:
        kind = {"choices": _choices(parameter)} if isinstance(parameter.kind, tuple) else {"type": parameter.kind}
        parser.add_argument(f"--{parameter.name}", default=parameter.default, help=parameter.help, **kind)
    for flag in IGNORED:
        parser.add_argument(flag, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    for parameter in PARAMETERS:
        if parameter.unset is not None and getattr(options, parameter.name) == parameter.unset:
            setattr(options, parameter.name, parameter.default)
    if options.threshold is not None:
        try:
            options.threshold = threshold(options.threshold)
        except argparse.ArgumentTypeError as error:
            parser.error(f"argument --threshold: {error}")
    options.command, options.overwrite, options.quiet = "denoise", True, True
    options.dicom, options.frame, options.frames, options.series, options.without = False, None, None, None, None
    options.make_progress = ModuleProgress
    return options


class ModuleProgress:
    """Tells the progress in the elements that Slicer and others read from a module's output.

    Args:
        write: takes a line.
    """

    def __init__(self, write: Callable[[str], None] | None = None) -> None:
        self._write = write or (lambda line: print(line, file=sys.stdout, flush=True))
        self._start, self._told = time.monotonic(), -1.0
        self._write(
            "<filter-start><filter-name>NSN2N</filter-name><filter-comment>Denoising</filter-comment></filter-start>"
        )

    def __call__(self, progress: Progress) -> None:
        if progress.fraction - self._told >= STEP or progress.fraction == 1 > self._told:
            self._told = progress.fraction
            self._write(f"<filter-progress>{progress.fraction:.3f}</filter-progress>")

    def close(self) -> None:
        """Tell the end."""
        seconds = time.monotonic() - self._start
        self._write(
            f"<filter-end><filter-name>NSN2N</filter-name><filter-time>{seconds:.1f}</filter-time></filter-end>"
        )
