"""A trained network that is kept: the same voxels without training, from a file that holds no program."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.volume.seam import seam
from scipy import ndimage

from Testing.Engine.phantoms import phantom

SETTINGS = engine.Settings.from_preset(
    learn=True, steps=30, width=8, levels=2, batch=4, crop=32, context=1, device="cpu", precision="float32"
)
#: Its shape is the network's, whatever these say.
USING = engine.Settings.from_preset(device="cpu", precision="float32")
SPACING = (2.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def noisy():
    return phantom(8, 48)[1]


@pytest.fixture(scope="module")
def first(noisy):
    return engine.denoise(noisy, SETTINGS, spacing=SPACING)


@pytest.fixture(scope="module")
def file(first, tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "net.safetensors"
    engine.save_network(first.network, path)
    return path


def test_the_header_says_what_it_is(first, file):
    header = json.loads(file.read_bytes()[8 : 8 + struct.unpack("<Q", file.read_bytes()[:8])[0]])["__metadata__"]
    assert float(header["noise_sd"]) == pytest.approx(first.report["noiseBefore"], rel=0.01)
    assert json.loads(header["spacing"]) == list(SPACING) and header["width"] == "8" and header["steps"] == "30"
    assert {"color", "low", "scale", "context", "version", "preset", "seed"} <= header.keys()


def test_the_same_voxels_without_training(noisy, first, file):
    network = engine.load_network(file)
    again = engine.denoise(noisy, USING, spacing=SPACING, network=network)
    assert again.losses == [] and again.report["steps"] == 0
    assert again.report["stages"] == first.report["stages"]
    np.testing.assert_array_equal(again.denoised, first.denoised)
    assert again.report["network"] == {**first.report["network"], "trainedHere": False}
    assert again.network is network and again.report["settings"]["width"] == 8


def test_a_part_is_that_of_the_whole_with_the_network(first):
    """In the preview and in a run; convolutions over regions of other sizes round otherwise: far below the noise."""
    noisy = phantom(8, 192, seed=3)[1][:, 80:112]
    whole = engine.denoise(noisy, USING, spacing=SPACING, network=first.network)
    assert whole.report["stages"][:4] == ["first", "similar", "learn", "refine"]
    preview = engine.ResultPreview(noisy, spacing=SPACING)
    box, voxels = preview.box(np.s_[2:3, 0:32, 0:10], USING, network=first.network)
    assert box == np.s_[0:6, 0:32, 0:24]
    rounding = 0.01 * whole.report["noiseBefore"]
    np.testing.assert_allclose(voxels, whole.denoised[box], atol=rounding)
    wanted = np.zeros(noisy.shape, bool)
    wanted[2:3, :, :10] = True
    part = engine.denoise(noisy, USING, spacing=SPACING, network=first.network, within=wanted)
    assert part.report["within"]["box"][2][1] < 192
    sure = seam(wanted) == 1
    np.testing.assert_allclose(part.denoised[sure], whole.denoised[sure], atol=rounding)
    without = preview.box(box, engine.Settings.from_preset("fast", device="cpu"))[1]
    assert np.std(without - voxels) > 0.02 * whole.report["noiseBefore"]


def test_a_sibling_with_other_noise_is_denoised_as_well(first, file):
    clean, sibling = phantom(8, 48, noise=15.0, seed=7)
    result = engine.denoise(sibling, spacing=SPACING, network=engine.load_network(file))
    assert np.std(result.denoised - clean) < np.std(sibling - clean) / 3


def colored(noisy, clean):
    noise = ndimage.gaussian_filter(noisy - clean, (0, 1, 1))
    return clean + noise * (np.std(noisy - clean) / np.std(noise))


@pytest.mark.parametrize(
    ("volume", "spacing", "words"),
    [
        (phantom(8, 48, noise=70.0)[1], SPACING, "SD of 18.* is 6.* train one on this volume"),
        (phantom(8, 48)[1], (3.0, 1.0, 1.0), "2 x 1 x 1 mm .* are 3 x 1 x 1 mm"),
        (colored(*reversed(phantom(8, 48))), SPACING, "texture of this volume's noise"),
    ],
)
def test_what_does_not_fit_is_refused(file, volume, spacing, words):
    with pytest.raises(engine.InputError, match=words):
        engine.denoise(volume, spacing=spacing, network=engine.load_network(file))


@pytest.mark.parametrize(
    ("overrides", "words"), [({"learn": False}, "stage learn is off"), ({"minutes": 1.0}, "leave minutes out")]
)
def test_settings_that_leave_no_place_for_it(noisy, first, overrides, words):
    with pytest.raises(engine.SettingsError, match=words):
        engine.denoise(noisy, engine.Settings.from_preset(**overrides), spacing=SPACING, network=first.network)


def test_unknown_spacing_is_no_reason_to_refuse(noisy, first):
    assert engine.denoise(noisy, SETTINGS, network=first.network).network is first.network


def damaged(path, first):
    engine.save_network(replace(first.network, shape={**first.network.shape, "levels": 1}), path)


def cut(path, first):
    engine.save_network(first.network, path)
    path.write_bytes(path.read_bytes()[:-100])


def foreign(path, first):
    from safetensors.torch import save_file

    save_file(dict(first.network.weights), path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path, first: None, "does not exist"),
        (lambda path, first: path.write_text("no network"), "is no network, or damaged"),
        (cut, "is no network, or damaged"),
        (foreign, "holds no network that this version"),
        (damaged, "header and weights do not belong together"),
    ],
)
def test_files_that_are_none(tmp_path, first, make, words):
    make(tmp_path / "net.safetensors", first)
    with pytest.raises(engine.InputError, match=words):
        engine.load_network(tmp_path / "net.safetensors")


def test_without_a_network_there_is_none_to_keep():
    noisy = phantom(8, 48)[1]
    assert engine.denoise(noisy, engine.Settings.from_preset("fast", device="cpu")).network is None
