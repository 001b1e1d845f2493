"""The Rician mean against known numbers; what is recognized as MR magnitude, and what must not be; the correction."""

import sys

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.noise.rician import invert_mean, put_back_bias, rayleigh_sigma, rician_mean
from NSN2NDenoiseLib.engine.plan import choose_sigma
from scipy import ndimage, stats

from Testing.Engine.phantoms import magnitude, mr_phantom, phantom

FAST = {"name": "fast", "device": "cpu"}
SIGMA = 12.0
#: Slices and side of a volume in which air and tissue are enough to tell by.
ENOUGH = {"slices": 6, "side": 96}


def look(volume):
    return engine.take_look(volume)[0]


def recognized(volume: np.ndarray) -> float | None:
    return look(volume).rician_sigma


def test_rician_mean_of_known_amplitudes():
    assert rician_mean(0.0) == pytest.approx(1.2533141)
    amplitudes = np.array([0.3, 1.0, 2.5, 8.0])
    np.testing.assert_allclose(rician_mean(amplitudes), stats.rice.mean(amplitudes), rtol=1e-9)


def test_the_inverse_gives_the_amplitude_back():
    amplitude = np.concatenate([np.linspace(0, 30, 30011), [100.0, 900.0]])
    mean = 7 * rician_mean(amplitude)
    found = invert_mean(mean.astype(np.float32), 7.0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[amplitude > 0.1], 7 * amplitude[amplitude > 0.1], atol=7e-3, rtol=1e-6)
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_a_bias_that_is_put_back_is_the_one_that_was_taken_away(strength):
    random = np.random.default_rng(0)
    before = random.integers(0, 400, (2, 30, 40)).astype(np.int16)
    means = (9 * rician_mean(random.uniform(0.2, 60, before.shape))).astype(np.float32)
    excluded = np.zeros(before.shape, bool)
    excluded[:, :4] = True
    result = np.where(excluded, before, before + strength * (invert_mean(means, 9.0) - before)).astype(np.float32)
    found = put_back_bias(before, result, 9.0, strength, excluded)
    wanted = np.where(excluded, before, before + strength * (means - before))
    np.testing.assert_allclose(found, wanted, atol=0.02)


def test_nothing_below_the_mean_in_air():
    np.testing.assert_array_equal(invert_mean(np.array([-3.0, 0.0, 1.0, 1.2533], np.float32), 1.0), 0)
    assert invert_mean(np.ones((2, 3, 4), np.float32), 0.5).shape == (2, 3, 4)


@pytest.mark.parametrize("sigma", [4.0, 12.0, 30.0])
@pytest.mark.parametrize("kind", ["float32", "rounded", "cut off"])
def test_magnitude_data_is_recognized_and_sigma_is_right(sigma, kind):
    volume = magnitude(mr_phantom(**ENOUGH), sigma)
    if kind != "float32":
        volume = (volume + (0.5 if kind == "rounded" else 0)).astype(np.uint16)
    assert recognized(volume) == pytest.approx(sigma, rel=0.03)


def test_magnitude_data_is_recognized_with_padding_ghosts_and_along_another_axis():
    clean = mr_phantom(slices=20)
    volume = np.rint(magnitude(clean + 0.02 * np.roll(clean, 64, axis=1), SIGMA))
    volume[:, :, :20] = 0
    turned = np.ascontiguousarray(np.moveaxis(volume, 0, 2))
    assert look(volume).rician_sigma == pytest.approx(SIGMA, rel=0.04)
    assert engine.take_look(turned, axis="i")[0].rician_sigma == pytest.approx(SIGMA, rel=0.04)


#: Volumes that are no MR magnitude image with noise in its air.
OTHERS = {
    "CT": lambda clean: np.rint(ct()).astype(np.int16),
    "CT + 1024": lambda clean: np.clip(np.rint(ct() + 1024), 0, None).astype(np.uint16),
    "CT whose air has the mean of a Rayleigh distribution": lambda clean: np.clip(ct() + 1000 + 1.913 * 20, 0, None),
    "CT from 0 on": lambda clean: ct() - ct().min(),
    "Gaussian noise": lambda clean: gaussian(clean),
    "magnitude of Gaussian noise": lambda clean: np.abs(gaussian(clean)),
    "Gaussian noise, clipped": lambda clean: np.clip(gaussian(clean), 0, None),
    "no noise": lambda clean: clean,
    "filtered": lambda clean: ndimage.uniform_filter(magnitude(clean, SIGMA), (1, 3, 3)),
    "several coils": lambda clean: magnitude(clean, SIGMA, coils=4),
    "standardized": lambda clean: (magnitude(clean, SIGMA) - 80) / 60,
    "no air": lambda clean: magnitude(clean + 100, SIGMA),
    "only air": lambda clean: magnitude(0 * clean, SIGMA),
    "PET": lambda clean: random().poisson(clean / 4 + 0.2) * np.float32(0.1),
    "ultrasound": lambda clean: (clean + 10) * random().rayleigh(1, clean.shape),
    "ultrasound, dark and twice as bright": lambda clean: (
        np.where(clean > 0, 20, 10) * random().rayleigh(1, clean.shape)
    ),
}


def random() -> np.random.Generator:
    return np.random.default_rng(0)


def ct() -> np.ndarray:
    return phantom(**ENOUGH)[1]


def gaussian(clean: np.ndarray) -> np.ndarray:
    return clean + SIGMA * random().standard_normal(clean.shape)


def without_air(kind: str, sigma: float = SIGMA) -> np.ndarray:
    """MR magnitude data whose air is gone."""
    clean = mr_phantom(slices=10 if kind == "masked" else 16)
    noisy = np.rint(magnitude(clean, sigma)).astype(np.int16)
    return np.where(clean > 0, noisy, 0).astype(np.int16) if kind == "masked" else noisy[:, 30:98, 30:98].copy()


@pytest.mark.parametrize("sigma", [12.0, 24.0])
@pytest.mark.parametrize("kind", ["masked", "cropped"])
def test_magnitude_data_without_air_is_recognized_by_its_dark_tissue(kind, sigma):
    """At 7.5 and 15 % noise, where the SD in tissue is a few percent less than sigma."""
    seen = look(without_air(kind, sigma))
    assert choose_sigma(seen, "auto") == seen.rician_sigma == pytest.approx(sigma, rel=0.03)
    assert any("without air" in text and "switch the MR bias correction off" in text for text in seen.warnings)


def test_without_air_the_correction_brings_dark_tissue_nearer_and_costs_bright_tissue_nothing():
    clean, noisy = mr_phantom()[:6], without_air("masked", 24.0)[:6]
    errors = {}
    for choice in ("auto", "off"):
        error = engine.denoise(noisy, engine.Settings.from_preset(**FAST, rician=choice)).denoised - clean
        for level in (25, 100, 160):
            tissue = ndimage.binary_erosion(clean == level, np.ones((1, 5, 5)))
            errors[choice, level] = np.sqrt((error[tissue].astype(float) ** 2).mean())
    assert errors["auto", 25] < 0.6 * errors["off", 25]
    assert errors["auto", 100] < errors["off", 100] and errors["auto", 160] < errors["off", 160]


def test_dark_tissue_that_is_nowhere_homogeneous_tells_nothing_and_that_is_said():
    """Instead of the dark disc, stripes of six pixels between bright ones."""
    clean = mr_phantom(slices=16)[:, 30:98, 30:98]
    clean[clean == 25] = 100
    clean[:, 16:52, 16:52] = np.where(np.arange(36) // 6 % 2, 25, 100)
    seen = look(magnitude(clean, SIGMA))
    assert seen.rician_sigma is None and any("can't be told" in text for text in seen.warnings)
    bright = look(magnitude(np.maximum(clean, 60), SIGMA))
    assert bright.rician_sigma is None and not any("can't be told" in text for text in bright.warnings)


@pytest.mark.parametrize("sigma", [12.0, 24.0])
def test_gaussian_noise_in_dark_tissue_is_not_taken_for_rician(sigma):
    """The same anatomy, signal and cut; only the noise of dark tissue does not fall with its signal."""
    clean = mr_phantom(slices=16)[:, 30:98, 30:98]
    seen = look(np.abs(clean + sigma / SIGMA * (gaussian(clean) - clean)).astype(np.float32))
    assert seen.rician_sigma is None and not any("without air" in text for text in seen.warnings)


def other_data(kind: str) -> np.ndarray:
    clean = mr_phantom(slices=16) if kind == "PET" else mr_phantom(**ENOUGH)  # with less of PET nothing can be told
    volume = OTHERS[kind](clean)
    return volume if volume.dtype.kind in "iu" else volume.astype(np.float32)


@pytest.mark.parametrize("kind", OTHERS)
def test_other_data_is_not_taken_for_magnitude_data(kind):
    seen = look(other_data(kind))
    assert seen.rician_sigma is None and choose_sigma(seen, "auto") is None
    assert not any("can't be told" in text for text in seen.warnings)


@pytest.mark.parametrize("copies", [2, 3])
def test_slices_that_are_there_more_than_once_tell_nothing(copies):
    """Copies do not differ, so what is not smooth across them is nothing at all."""
    repeated = np.repeat(without_air("masked"), copies, axis=0)
    assert look(repeated).rician_sigma is None


def test_few_values_tell_nothing():
    assert rayleigh_sigma(random().rayleigh(5, 100_000)) == pytest.approx(5, rel=0.02)
    assert rayleigh_sigma(random().rayleigh(5, 1000)) is None
    assert rayleigh_sigma(np.rint(random().rayleigh(0.5, 100_000))) is None


def test_choices():
    noisy, masked = look(magnitude(mr_phantom(**ENOUGH), SIGMA)), look(without_air("masked"))
    assert choose_sigma(noisy, "off") is None
    assert choose_sigma(noisy, "on") == noisy.rician_sigma
    assert choose_sigma(masked, "on") == pytest.approx(SIGMA, rel=0.08)
    with pytest.raises(engine.SettingsError, match="auto, on, off"):
        engine.Settings.from_preset(rician="yes")
    assert engine.Settings.from_preset("default").rician == "auto"
    assert engine.Settings.from_preset("paper").rician == "off"


def test_on_says_no_where_it_makes_no_sense():
    ct, clean = other_data("CT"), other_data("no noise")
    with pytest.raises(engine.InputError, match="negative values"):  # before any training
        engine.denoise(ct, engine.Settings.from_preset(**FAST, rician="on"))
    with pytest.raises(engine.InputError, match="neither air with noise nor homogeneous tissue"):
        choose_sigma(look(clean), "on")


@pytest.fixture(scope="module")
def runs():
    clean = mr_phantom(slices=8, side=96)
    noisy = np.rint(magnitude(clean, SIGMA)).astype(np.int16)
    results = {
        choice: engine.denoise(noisy, engine.Settings.from_preset(**FAST, rician=choice)) for choice in ("auto", "off")
    }
    return clean, results


def test_the_bias_goes(runs):
    clean, results = runs
    error = {choice: result.denoised - clean for choice, result in results.items()}
    air, dark = clean == 0, ndimage.binary_erosion(clean == 25, np.ones((1, 5, 5)))
    assert np.sqrt((error["auto"] ** 2).mean()) < 0.75 * np.sqrt((error["off"] ** 2).mean())
    assert error["off"][air].mean() == pytest.approx(1.2533 * SIGMA, rel=0.1)
    assert error["auto"][air].mean() < 0.4 * SIGMA
    assert abs(error["auto"][dark].mean()) < 0.5 * error["off"][dark].mean()
    assert results["auto"].denoised.min() >= 0


def test_the_report_says_what_was_done_and_measures_before(runs):
    _, results = runs
    auto, off = results["auto"].report, results["off"].report
    assert auto["ricianCorrected"] and auto["ricianSigma"] == pytest.approx(SIGMA, rel=0.04)
    assert not off["ricianCorrected"] and off["ricianSigma"] is None
    for key in ("noiseAfter", "meanShift", "worstBlockShift"):
        assert auto[key] == off[key]


def test_a_bias_that_was_left_in_is_not_called_corrected(monkeypatch):
    monkeypatch.setattr(sys.modules["NSN2NDenoiseLib.engine.stages.spare"], "LEAST_GAIN", 100.0)
    noisy = magnitude(mr_phantom(slices=6, side=64), SIGMA)
    result = engine.denoise(noisy, engine.Settings.from_preset(**FAST))
    assert result.report["leftAsItWas"] and not result.report["ricianCorrected"]
    np.testing.assert_array_equal(result.denoised, noisy)


def test_inspection_tells_sigma():
    noisy, ct = magnitude(mr_phantom(**ENOUGH), SIGMA), phantom(slices=6, side=48)[1]
    assert engine.inspect_volume(noisy)["ricianSigma"] == pytest.approx(SIGMA, rel=0.04)
    assert engine.inspect_volume(ct)["ricianSigma"] is None


def test_a_ct_is_never_corrected():
    _, noisy = phantom(slices=6, side=48)
    report = engine.denoise(noisy, engine.Settings.from_preset(**FAST)).report
    assert not report["ricianCorrected"] and report["ricianSigma"] is None
