"""No run but the final one opens a volume of the final table."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from Benchmark import Peers, data, volumes
from Benchmark.cases import build
from Benchmark.configuration import SYNTHETIC, Experiment
from Benchmark.plans import PLANS
from Benchmark.volume_io import read_image, read_volume


@pytest.fixture
def folder(tmp_path):
    """A data folder with a final volume and a link to it under a harmless name."""
    (tmp_path / "final").mkdir()
    image = sitk.GetImageFromArray(np.arange(4 * 24 * 24, dtype=np.int16).reshape(4, 24, 24))
    sitk.WriteImage(image, str(tmp_path / "final" / "unseen.nrrd"))
    sitk.WriteImage(image, str(tmp_path / "seen.nrrd"))
    (tmp_path / "harmless.nrrd").symlink_to(tmp_path / "final" / "unseen.nrrd")
    return tmp_path


@pytest.mark.parametrize("name", ["final/unseen.nrrd", "harmless.nrrd"])
def test_the_loader_refuses_a_final_volume(folder, name):
    with pytest.raises(volumes.FinalVolume, match="reserved"):
        read_volume(folder / name)
    with pytest.raises(volumes.FinalVolume):
        read_image(folder / name, "development")
    with pytest.raises(volumes.FinalVolume):
        data.load(name, (None, None, None), [folder])
    with pytest.raises(volumes.FinalVolume):
        data.maximum(name, [folder])
    assert read_volume(folder / name, "final")[0].shape == (4, 24, 24)
    assert read_volume(folder / "seen.nrrd")[0].shape == (4, 24, 24)
    with pytest.raises(ValueError, match="a run is for"):
        read_volume(folder / "seen.nrrd", "anything")


@pytest.mark.parametrize("kind", ["mr", "lowdose", "phantom", "real", "size"])
def test_an_experiment_of_any_kind_cannot_open_one(folder, kind):
    options = {"level": 0.05, "photons": 1e5, "views": 20, "partner": "final/unseen.nrrd", "shape": (4, 24, 24)}
    experiment = Experiment("e", "e", kind, "final/unseen.nrrd", options=options)
    with pytest.raises(volumes.FinalVolume):
        build(experiment, [folder], folder / "cache")
    if kind in ("mr", "size"):
        assert build(replace(experiment, purpose="final"), [folder], folder / "cache").noisy.shape == (4, 24, 24)


def test_training_data_are_guarded_too(folder):
    training = ("final/unseen.nrrd", (None, None, None))
    case = build(Experiment("e", "e", "mr", "seen.nrrd", training=training, options={"level": 0.05}), [folder], folder)
    with pytest.raises(volumes.FinalVolume):
        case.training(0)


@pytest.mark.parametrize("plan", PLANS)
def test_every_volume_of_a_plan_is_listed_and_no_development_run_names_a_final_one(plan):
    named = set()
    for experiment in PLANS[plan]():
        training = [] if experiment.training is None else [experiment.training[0]]
        for name in {experiment.base, experiment.options.get("partner"), *training} - {None, SYNTHETIC}:
            assert volumes.purpose_of(name) == experiment.purpose
            named.add(name)
    assert named
    assert plan != "design" or {volumes.purpose_of(name) for name in named} == {"development"}


def test_a_volume_that_nobody_listed_is_an_error():
    assert volumes.purpose_of("final/anything.nii.gz") == "final"
    assert volumes.purpose_of("odd/epi4d_ge.nii.gz") == "development"
    with pytest.raises(KeyError, match="list it"):
        volumes.purpose_of("new.nii.gz")


def test_records_made_before_the_purpose_was_said_stay_valid():
    from Benchmark import records

    experiment = PLANS["design"]()[0]
    configuration = records.configuration_of(experiment, experiment.methods[0], 0)
    assert "purpose" not in configuration["experiment"]


def test_all_files_that_make_a_result_count_for_its_code(monkeypatch, tmp_path):
    from Benchmark import records

    module, folder = Peers.load("nsn2n"), tmp_path / "NSN2NDenoise" / "NSN2NDenoiseLib" / "engine" / "deep"
    folder.mkdir(parents=True)
    (folder / "file.py").write_text("a = 1")
    monkeypatch.setattr(records, "REPOSITORY", tmp_path)
    before = records.code_of(module)
    (folder / "file.py").write_text("a = 2")
    assert records.code_of(module) != before


def test_lesion_studies_are_of_development_volumes():
    from Benchmark.lesion_study import STUDIES

    assert {volumes.purpose_of(study.base) for study in STUDIES.values()} == {"development"}
