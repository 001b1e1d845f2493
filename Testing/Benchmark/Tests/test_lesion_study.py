"""The lesion study end to end on a small object, and its page."""

import json

import numpy as np
import pytest
from Benchmark import lesion_page, lesion_study
from Benchmark.case import CannotRun
from Benchmark.lesion_study import STUDIES, Study
from Benchmark.metrics_ttf import draw_discs


@pytest.fixture
def study(monkeypatch):
    """Tissue of 40 HU in air, noise 8 HU."""
    rows, columns = np.mgrid[:160, :160] - 79.5
    plane = np.where(np.hypot(rows, columns) < 72, 40.0, -1000.0)
    volume = (plane + np.random.default_rng(0).normal(0, 8, (24, 160, 160))).astype(np.float32)
    monkeypatch.setattr(lesion_study, "load", lambda *_: (volume, (1.0, 1.0, 1.0)))
    small = Study("Small", "CTChestLIDC0314.nrrd", (None, None, None), (20.0,), (4.0,))
    monkeypatch.setitem(STUDIES, "chest", small)
    return volume


def test_the_input_keeps_all_and_the_median_loses_some(study, tmp_path):
    options = ["chest", "--rounds", "1", "--results", str(tmp_path), "--only", "noisy", "--only", "median"]
    assert lesion_study.main(options) == 0
    page = json.loads((tmp_path / "chest.json").read_text())
    noisy, median = page["methods"]["noisy"], page["methods"]["median"]
    assert noisy["contrast"][0]["recovered"] == pytest.approx(1.0, abs=1e-6)
    assert 0.3 < median["contrast"][0]["recovered"] < 0.98
    assert noisy["detection"][0]["laguerreGauss"]["auc"] > 0.7
    assert [t["half"] for t in noisy["transfer"]] == [None]
    assert median["transfer"][0]["ttf"][0] == pytest.approx(1.0, abs=0.1)
    assert median["noiseAfter"] < 0.5 * noisy["noiseAfter"]
    assert lesion_study.main(options) == 0  # nothing is made twice
    assert json.loads((tmp_path / "chest.json").read_text())["methods"]["median"] == median
    page["methods"]["default"] = median
    (tmp_path / "chest.json").write_text(json.dumps(page))
    assert lesion_page.main(tmp_path, tmp_path / "page.md") == 0
    text = (tmp_path / "page.md").read_text()
    assert "`default` loses more than 5 % of the contrast of 1 of 1 kinds of lesions: ±20, 4 mm" in text
    assert "| ±20, 4 mm | Gabor |" in text and "nan" not in text


def test_a_method_that_cannot_run_says_why(study, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise CannotRun("no such package")

    monkeypatch.setattr("Benchmark.Peers.sitk_median.denoise", refuse)
    lesion_study.main(["chest", "--rounds", "1", "--results", str(tmp_path), "--only", "median"])
    assert json.loads((tmp_path / "chest.json").read_text())["methods"]["median"]["reason"] == "no such package"
    assert lesion_page.main(tmp_path, tmp_path / "page.md") == 0
    assert "median: no such package" in (tmp_path / "page.md").read_text()


def test_there_is_no_page_of_nothing(tmp_path, capsys):
    assert lesion_page.main(tmp_path, tmp_path / "page.md") == 1
    assert not (tmp_path / "page.md").exists()


def test_discs_do_not_touch(study):
    discs = draw_discs(study, (1.0, 1.0, 1.0), (10.0, 20.0))
    assert len(discs.centers) > 8
    alone = discs.insert(study) - study
    transfers = discs.transfer(discs.insert(study), study)
    assert [t["contrast"] for t in transfers] == [10.0, 20.0]
    for found in transfers:
        np.testing.assert_allclose(found["ttf"], 1.0, atol=2e-3)
    assert set(np.sign(discs.contrasts)) == {1.0, -1.0} and np.abs(alone).max() == pytest.approx(20, rel=1e-4)
