"""What ``nsn2n denoise``, ``mask`` and ``inspect`` do."""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from .. import engine
from ..dicom.derived import check_writable, write_derived
from ..engine.judge.identity import voxel_hash
from ..engine.volume.removed_noise import removed_noise
from .frames import Sequence, denoise_sequence, first_frame, read_sequence
from .parameters import settings_of
from .preview import draw_preview
from .progress_bar import ProgressBar
from .staged_files import StagedFiles, check_folder_target, check_space, check_target
from .stored import command as stored
from .volume_io import WRITABLE, Volume, image_suffix, read_volume, warnings_of, write_like
from .within import read_within
from .words import describe_inspection, describe_run, describe_warnings

#: A compressed volume needs about this part of its size on disk.
COMPRESSED = 0.6
#: Ending of a kept network's file.
NETWORK = ".safetensors"


def denoise(options: argparse.Namespace, should_stop: Callable[[], bool]) -> None:
    """``nsn2n denoise``."""
    if stored.goes_in_parts(options):
        stored.denoise(options, should_stop)
        return
    settings = settings_of(options)
    image = None if options.dicom else options.output
    images = [path for path in (image, options.noise, options.mask) if path is not None]
    if options.save_network is not None:
        settings = _training_one(settings, options)
    files = [(options.report, ".json"), (options.preview, ".png"), (options.save_network, NETWORK)]
    network = None if options.network is None else engine.load_network(options.network)
    _check_targets(options, images, files)
    if options.frames and options.frame is not None:
        raise engine.SettingsError("--frames all denoises all frames; leave --frame out")
    if options.frames:
        volume = read_sequence(options.input, options.series)
    else:
        volume = read_volume(options.input, options.frame, options.series)
    where = None
    if options.within is not None:
        like = volume.frame(0).image if options.frames else volume.image
        where = read_within(options.within, str(options.input), like)
    if options.dicom:
        check_writable(str(options.input), volume.slices)
    if images and not options.frames:
        _check_geometry(images[0], options.input, volume)
    _check_space([options.output, *(path for path in images if path != options.output)], volume)
    bar = options.make_progress() if "make_progress" in options else ProgressBar(quiet=options.quiet)
    try:
        if options.frames:
            result = denoise_sequence(volume, settings, network, bar, should_stop, where)
        else:
            result = engine.denoise(
                volume.array,
                settings,
                spacing=volume.spacing,
                positions=volume.positions,
                within=where,
                network=network,
                progress=bar,
                should_stop=should_stop,
            )
    finally:
        bar.close()
    if options.save_network is not None and result.network is None:
        raise engine.InputError(
            f"{options.input} has hardly any noise, so no network was trained and there is none to save; leave "
            "--save-network out"
        )
    report = {"input": str(options.input), "output": str(options.output), **result.report}
    report["warnings"] = [*warnings_of(volume, settings), *report["warnings"]]
    report["inputSHA256"] = voxel_hash(volume.array)
    if not options.dicom:  # there, values are rounded to the source's slope
        report["resultSHA256"] = voxel_hash(result.denoised)
    with StagedFiles() as staged:
        if options.dicom:
            write_derived(staged.path(options.output), volume.slices, result.denoised, result.report)
        else:
            write_like(result.denoised, volume, staged.path(options.output), metadata=True)
        if options.noise is not None:
            noise = removed_noise(volume.array, result.denoised)
            write_like(noise, volume, staged.path(options.noise), metadata=False)
        if options.mask is not None:
            write_like(result.weights, volume, staged.path(options.mask), metadata=False)
        if options.report is not None:
            staged.path(options.report).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        if options.save_network is not None:
            engine.save_network(result.network, staged.path(options.save_network))
        if options.preview is not None:
            shown = (volume.frame(0), first_frame(result)) if options.frames else (volume, result)
            draw_preview(*shown, options.input.name).save(staged.path(options.preview))
        if should_stop():
            raise engine.Cancelled("stopped on request; nothing was written")
        staged.commit()
    if not options.quiet:
        written = (
            options.output, options.noise, options.mask, options.report, options.preview, options.save_network
        )  # fmt: skip
        print(describe_run(report, [path for path in written if path is not None]))


def mask(options: argparse.Namespace, should_stop: Callable[[], bool]) -> None:
    """``nsn2n mask``."""
    if options.threshold is not None:
        engine.check_threshold(options.threshold)
    _check_targets(options, [options.output], [])
    volume = read_volume(options.input, options.frame, options.series)
    _check_geometry(options.output, options.input, volume)
    _check_space([options.output], volume)
    settings = engine.Settings.from_preset(axis=options.axis, gap=options.gap, threshold=options.threshold)
    look, slices = engine.take_look(volume.array, axis=options.axis, spacing=volume.spacing, positions=volume.positions)
    plan = engine.make_plan(look, settings)
    matching = engine.Matching(slices, look.noise.sd, plan.gap, plan.paired)
    bar = ProgressBar(quiet=options.quiet)
    try:
        residual = matching.residual(lambda part: bar(engine.Progress("match", part)), should_stop)
    finally:
        bar.close()
    with StagedFiles() as staged:
        weights = engine.weight_matrix(residual, plan.threshold)
        write_like(weights, volume, staged.path(options.output), metadata=False)
        staged.commit()
    if not options.quiet:
        fraction = engine.matched_fraction(residual, plan.threshold)
        units = plan.threshold * look.scale
        print(f"threshold {plan.threshold:g} = {units:.4g} image units, slices {plan.gap} apart")
        print(f"{100 * fraction:.1f} % of the voxels matched; W is in {options.output}")
        for lines in describe_warnings([*volume.warnings, *plan.warnings]):
            print(lines)


def inspect(options: argparse.Namespace, should_stop: Callable[[], bool]) -> None:
    """``nsn2n inspect``."""
    if stored.goes_in_parts(options):
        facts, spacing = stored.inspect(options)
    else:
        volume = read_volume(options.input, options.frame, options.series)
        settings = engine.Settings.from_preset(options.preset, axis=options.axis, device=options.device)
        spacing = volume.spacing
        facts = engine.inspect_volume(volume.array, spacing, settings, volume.positions)
        facts["warnings"] = [*warnings_of(volume, settings), *facts["warnings"]]
    facts["spacing"] = [round(s, 5) for s in spacing]
    print(json.dumps(facts, indent=2) if options.json else describe_inspection(str(options.input), facts))


def _training_one(settings: engine.Settings, options: argparse.Namespace) -> engine.Settings:
    """The settings with which a network is trained, whatever the noise: who keeps one wants one."""
    if options.network is not None:
        raise engine.SettingsError("--save-network keeps a network that is trained; leave it or --network out")
    if settings.learn is False:
        raise engine.SettingsError(
            f"--save-network needs a network, and preset {settings.preset} or --without learn trains none; leave one "
            "of them out"
        )
    return replace(settings, learn=True)


def _check_targets(options: argparse.Namespace, images: list[Path], files: list[tuple[Path | None, str]]) -> None:
    for image in images:
        if image_suffix(image) is None:
            raise engine.SettingsError(f"{image} has no known file type; use one of {', '.join(WRITABLE)}")
    for path, suffix in files:
        if path is not None and path.suffix.lower() != suffix:
            raise engine.SettingsError(f"{path} must end in {suffix}")
    checked: list[Path] = []
    if getattr(options, "dicom", False):
        check_folder_target(options.output, options.input)
        checked.append(options.output)
    for path in [*images, *(path for path, _ in files if path is not None)]:
        check_target(path, options.input, options.overwrite, checked)
        checked.append(path)


def _check_geometry(target: Path, source: Path, volume: Volume) -> None:
    if volume.problem is not None:
        raise engine.InputError(
            f"{source}: {volume.problem}. An image file as {target.name} has one distance between its slices and no "
            "tilt, so they would come to lie in wrong places. nsn2n denoise --dicom keeps every slice where it is"
        )


def _check_space(images: list[Path], volume: Volume | Sequence) -> None:
    part = {path: COMPRESSED if WRITABLE.get(image_suffix(path)) else 1.0 for path in images}
    check_space({path: int(part[path] * volume.array.nbytes) for path in images})
    if volume.image.GetPixelID() in (sitk.sitkInt64, sitk.sitkUInt64) and np.abs(volume.array).max() > 2**24:
        raise engine.InputError("values above 16 million can't be denoised without loss; rescale the volume first")
