"""Volumes that can't be denoised get a sentence that says why and what to do."""

import numpy as np
import pytest
from NSN2NDenoiseLib import engine

GOOD = np.random.default_rng(0).normal(0, 10, (8, 32, 32)).astype(np.float32)


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        (GOOD[0], "2 dimensions"),
        (np.stack([GOOD, GOOD]), "4 dimensions"),
        (GOOD > 0, "mask"),
        (GOOD.astype(complex), "complex"),
        (np.where(GOOD > 30, np.nan, GOOD), "NaN or infinite"),
        (np.where(GOOD > 30, np.inf, GOOD), "NaN or infinite"),
        (np.full((8, 32, 32), 7, np.int16), "constant"),
        (np.zeros((0, 32, 32), np.int16), "constant"),
        ((GOOD > 0).astype(np.uint8) * 3, "label map"),
        (GOOD[:1], "one slice"),
        (GOOD[:2], "2 slices"),
        (GOOD[:, :10], "10 x 32"),
        (GOOD.tolist(), "numpy array"),
    ],
)
def test_unusable_volumes(volume, words):
    with pytest.raises(engine.InputError, match=words):
        engine.take_look(volume, axis="k")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("threshold", 2),
        ("axis", "x"),
        ("device", "tpu"),
        ("seed", -1),
        ("seed", 1.5),
        ("lambda_rc", -0.1),
        ("lambda_ic", "much"),
        ("steps", -5),
        ("crop", 3),
        ("gap", 0),
        ("precision", "float8"),
        ("schedule", "linear"),
    ],
)
def test_settings_name_the_field_and_the_value(setting, value):
    with pytest.raises(engine.SettingsError, match=setting):
        engine.Settings.from_preset(**{setting: value})


def test_unknown_presets_and_settings():
    with pytest.raises(engine.SettingsError, match="default, fast, nsn2n, paper"):
        engine.Settings.from_preset("quick")
    with pytest.raises(engine.SettingsError, match="no setting 'epoch'"):
        engine.Settings.from_preset(epoch=3)
    with pytest.raises(engine.SettingsError, match="steps and epochs"):
        engine.Settings.from_preset(steps=0, epochs=0)


def test_a_gap_beyond_half_the_volume():
    with pytest.raises(engine.SettingsError, match="from 1 to 4"):
        engine.make_plan(engine.take_look(GOOD)[0], engine.Settings.from_preset(gap=5))


def test_the_slice_axis_is_the_one_of_the_largest_spacing():
    assert engine.take_look(GOOD, spacing=(1, 1, 1))[0].axis == "k"
    assert engine.take_look(GOOD, spacing=(1, 1.1, 1))[0].axis == "k"
    with pytest.raises(engine.InputError, match="axis j are 8 x 32"):
        engine.take_look(GOOD, spacing=(1, 3, 1))
