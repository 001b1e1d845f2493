"""Pairs in time: measured, chosen where the slices' noise is alike, and blind to what moves."""

from dataclasses import replace

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from scipy import ndimage

from Testing.Engine.phantoms import disc, phantom

SETTINGS = engine.Settings.from_preset(
    first=False, refine=False, limit=False, learn=True, steps=80, width=8, levels=2, batch=4, crop=32, context=0,
    device="cpu", precision="float32",
)  # fmt: skip
#: Where it matters what is paired, not what is learned of it.
HARDLY_LEARNED = replace(SETTINGS, steps=2)
SPACING = (3.0, 1.0, 1.0)
SHAPE = (8, 48, 48)


def noise(seed: int, across: float) -> np.ndarray:
    """SD 30; `across` is the width of the noise's correlation over the slices."""
    values = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(SHAPE), (across, 0.6, 0.6))
    return (30 * values / values.std()).astype(np.float32)


def beating(count: int) -> list[np.ndarray]:
    """A body in which a disc grows from frame to frame, without noise."""
    frames = [phantom(*SHAPE[:2])[0].copy() for _ in range(count)]
    for number, frame in enumerate(frames):
        frame[:, disc(SHAPE[1:], (24, 32), 4 + number)] = 200
    return frames


@pytest.fixture(scope="module")
def overlapping():
    """Clean and noisy frames whose slices share noise, as those of overlapping reconstructions do."""
    clean = beating(3)
    return clean, [frame + noise(number, 0.8) for number, frame in enumerate(clean)]


@pytest.fixture(scope="module")
def denoised(overlapping):
    return list(engine.denoise_frames(overlapping[1], SETTINGS, spacing=SPACING))


def test_frames_are_paired_where_slices_share_noise(denoised):
    pairing = denoised[0].report["pairing"]
    assert pairing["pairs"] == "frames"
    assert abs(pairing["frames"]["noiseCorrelation"]) < 0.1 < 0.15 < pairing["slices"]["noiseCorrelation"]
    assert 0.9 < pairing["frames"]["matchedFraction"] < 1  # what moves does not match
    assert "pair" in denoised[0].report["seconds"]
    warnings = [text for result in denoised for text in result.report["warnings"]]
    assert not any("correlated" in text for text in warnings)  # the slices' noise does not matter any more


def test_the_other_frames_take_the_network_over(denoised):
    for number, result in enumerate(denoised):
        assert result.report["lookOfFrame"] == 0 and result.report["network"]["trainedHere"] is (number == 0)
        assert (result.report["pairing"] is None) is (number > 0)
    assert {result.report["network"]["name"] for result in denoised} == {denoised[0].report["network"]["name"]}


def test_it_learns_more_than_from_slices(overlapping, denoised):
    clean, noisy = overlapping
    alone = engine.denoise(noisy[0], replace(SETTINGS, gap=1), spacing=SPACING)
    body = clean[0] > -500
    errors = [np.sqrt(np.mean((result.denoised - clean[0])[body] ** 2)) for result in (denoised[0], alone)]
    assert alone.report["pairing"] is None and errors[0] < 0.95 * errors[1]


def test_frames_with_the_same_noise_are_no_pair():
    clean, same = beating(2), noise(5, 0.0)
    result = next(engine.denoise_frames([frame + same for frame in clean], HARDLY_LEARNED, spacing=SPACING))
    assert result.report["pairing"]["pairs"] == "slices"
    assert result.report["pairing"]["frames"]["noiseCorrelation"] > 0.8


def test_a_gap_asks_for_slices(overlapping):
    result = next(engine.denoise_frames(overlapping[1][:2], replace(HARDLY_LEARNED, gap=1), spacing=SPACING))
    assert result.report["pairing"] is None and result.report["gap"] == 1


def test_padding_matches_nothing(overlapping):
    frames = [frame.copy() for frame in overlapping[1][:2]]
    for frame in frames:
        frame[:, :10] = -3000
    result = next(engine.denoise_frames(frames, HARDLY_LEARNED, spacing=SPACING))
    assert result.report["pairing"]["pairs"] == "frames" and (result.denoised[:, :10] == -3000).all()


def test_a_sequence_along_another_axis(overlapping):
    frames = [np.moveaxis(frame, 0, 2) for frame in overlapping[1][:2]]
    result = next(engine.denoise_frames(frames, HARDLY_LEARNED, spacing=(1.0, 1.0, 3.0)))
    assert result.report["axis"] == "i" and result.report["pairing"]["pairs"] == "frames"


def test_another_spectrum_is_another_kind(overlapping):
    clean, noisy = overlapping
    white = np.random.default_rng(9).normal(0, 30, SHAPE).astype(np.float32)
    results = list(engine.denoise_frames([noisy[0], clean[1] + white], HARDLY_LEARNED, spacing=SPACING))
    assert [result.report["lookOfFrame"] for result in results] == [0, 1]
    assert all(result.report["pairing"] is None for result in results)  # no frame is like it


def report_of(alarm: str | None = None, **figures) -> dict:
    """A frame's report as far as it is summed up, by hand."""
    whole = dict.fromkeys(
        ("noiseBefore", "noiseAfter", "flatBefore", "flatAfter", "meanShift", "worstBlockShift", "matchedFraction"), 1.0
    )
    whole |= {"predictedGain": 6.0, "predictedGainSD": 1.0, "justifiedStrength": 1.0, "noisePercent": 5.0}
    whole |= {"anatomyRemoved": 0.1, "alarm": alarm, "stages": ["first"], "leftAsItWas": False, "strength": 1.0}
    whole |= {"network": None, "seconds": {"first": 1.0}, "lookOfFrame": 0}
    return {**whole, "warnings": [alarm] if alarm else [], **figures}


LEFT = {
    "stages": [], "leftAsItWas": True, "justifiedStrength": 0.0, "predictedGain": None, "predictedGainSD": None,
    "anatomyRemoved": None, "noisePercent": 0.1,
}  # fmt: skip


def test_all_frames_are_summed_up_not_the_first_of_them():
    """The first frame was left as it was, anatomy may have gone from the last two."""
    reports = [report_of(**LEFT), report_of(), report_of("Seen.", predictedGain=4.0, anatomyRemoved=0.8)]
    reports.append(report_of("Seen well.", predictedGain=3.0, anatomyRemoved=0.9))
    whole = engine.summarize_frames(reports)
    assert whole["stages"] == ["first"] and not whole["leftAsItWas"]
    assert whole["predictedGain"] == 4 and whole["predictedGainSD"] == 1 and whole["justifiedStrength"] == 1
    assert whole["anatomyRemoved"] == 0.9
    assert whole["alarm"] == "In 2 of 4 frames, most in frame 3: Seen well." == whole["warnings"][0]
    assert len(whole["warnings"]) == 1
    assert engine.describe_effect(whole) == (
        "1 of 4 frames was left as it was. Predicted gain in tissue: +4.0 dB (+- 1.0)."
    )
    assert [frame["leftAsItWas"] for frame in whole["frames"]] == [True, False, False, False]


def test_frames_that_were_all_left_as_they_were():
    whole = engine.summarize_frames([report_of(**LEFT), report_of(**LEFT)])
    assert whole["leftAsItWas"] and whole["alarm"] is None and whole["anatomyRemoved"] is None
    assert whole["predictedGain"] is None and whole["justifiedStrength"] == 0
    assert "Left as it was: it has too little noise" in engine.describe_effect(whole)
