"""``nsn2n report``: the page, its figures, and what it refuses."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.judge.identity import voxel_hash
from NSN2NDenoiseLib.engine.judge.limits import check_limits
from NSN2NDenoiseLib.engine.judge.quality import measure_quality, noise_left_by
from NSN2NDenoiseLib.engine.judge.shift import shift_by_tissue
from NSN2NDenoiseLib.report.runs import ENTRIES, MEASURED
from scipy import ndimage

from Testing.CommandLine.bids_files import boxes
from Testing.CommandLine.conftest import SAMPLE, environment
from Testing.CommandLine.dicom_files import write_series
from Testing.CommandLine.test_frames import write_frames
from Testing.CommandLine.test_within import write_labels
from Testing.Engine.phantoms import magnitude, mr_phantom

VOID = {"meta", "img", "br", "line", "polyline", "path", "rect", "circle"}


class Page(HTMLParser):
    """Text, pictures, links and open elements of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.texts, self.pictures, self.outside, self.open, self.source = [], [], [], [], source
        self.feed(source)
        self.figures = json.loads(re.search(r'id="figures">(.*?)</script>', source, re.DOTALL).group(1))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        for key in ("src", "href"):
            if key in found:
                kept = self.pictures if found[key].startswith("data:image/png;base64,") else self.outside
                kept.append(found[key])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A folder with a crop of the sample, its result by preset fast, and the run's report."""
    from NSN2NDenoiseLib.cli.main import main

    folder = tmp_path_factory.mktemp("report")
    image = sitk.ReadImage(str(SAMPLE))[40:152, 60:172, 6:22]
    sitk.WriteImage(image, str(folder / "Doe^John.nrrd"), True)
    names = [str(folder / name) for name in ("Doe^John.nrrd", "out.nrrd", "run.json")]
    arguments = ["denoise", *names[:2], "--report", names[2], "--preset", "fast", "--device", "cpu", "--quiet"]
    assert main(arguments) == 0
    return folder


@pytest.fixture(scope="module")
def floats(tmp_path_factory):
    """A folder with a smaller crop in floating point, its result by preset fast, and the run's report."""
    from NSN2NDenoiseLib.cli.main import main

    folder = tmp_path_factory.mktemp("floats")
    image = sitk.Cast(sitk.ReadImage(str(SAMPLE))[40:120, 60:140, 6:16], sitk.sitkFloat32)
    sitk.WriteImage(image, str(folder / "in.nrrd"))
    names = [str(folder / name) for name in ("in.nrrd", "out.nrrd", "run.json")]
    arguments = ["denoise", *names[:2], "--report", names[2], "--preset", "fast", "--device", "cpu", "--quiet"]
    assert main(arguments) == 0
    return folder


@pytest.fixture(scope="module")
def page(done) -> Page:
    """The page of that result."""
    from NSN2NDenoiseLib.cli.main import main

    source, result, run, target = (str(done / n) for n in ("Doe^John.nrrd", "out.nrrd", "run.json", "page.html"))
    assert main(["report", source, result, "--run", run, "-o", target, "--title", "Study 7 <b>", "--quiet"]) == 0
    return Page((done / "page.html").read_text(encoding="utf-8"))


def test_the_page_is_whole_self_contained_and_names_nobody(done, page):
    assert page.open == [] and page.outside == []
    assert len(page.pictures) == 13
    assert "Study 7 <b>" in page.text
    assert "Doe^John" not in page.source and "John" not in page.text and str(done) not in page.source
    assert "http:" not in page.source and "https:" not in page.source  # pictures' letters may spell the rest
    assert "nan" not in page.text.lower().split()
    for line in ("Name, function", "Date", "Signature", "Not measured", "Noise power spectrum"):
        assert line in page.text


def test_figures_are_those_of_the_run_and_of_the_files(done, page):
    run = json.loads((done / "run.json").read_text())
    stored = page.figures["figures"]
    for key in ("noiseBefore", "homogeneousBlocks", "sliceCorrelation"):
        assert stored[key] == run[key]
    # the run measured before it rounded to whole numbers
    of_volumes = stored.pop("ofVolumes")
    for key in ("noiseAfter", "flatAfter", "meanShift", "worstBlockShift"):
        assert stored[key] == run[key]
        assert of_volumes[key] == pytest.approx(run[key], abs=0.02 * run["noiseBefore"])
        assert f"{run[key]:.5g}".replace("-", "−") in page.text
    assert of_volumes["meanShift"] != run["meanShift"]
    assert stored.pop("anatomyRemoved") == run["anatomyRemoved"]
    before, after = (sitk.GetArrayFromImage(sitk.ReadImage(str(done / n))) for n in ("Doe^John.nrrd", "out.nrrd"))
    spacing = sitk.ReadImage(str(done / "out.nrrd")).GetSpacing()[::-1]
    look, slices = engine.take_look(before, spacing=spacing)
    measured = measure_quality(before, after, look, slices, spacing, noise_left_by(run))
    assert {**stored, **of_volumes} == json.loads(json.dumps(measured))
    shift = next(row for row in page.figures["limits"] if row["name"].startswith("Median shift"))
    assert shift["value"] == abs(run["meanShift"]) / run["noiseBefore"]
    identity = page.figures["identity"]
    assert identity["inputSHA256"] == voxel_hash(before) == run["inputSHA256"]
    assert identity["resultSHA256"] == voxel_hash(after) == run["resultSHA256"]
    assert identity["inputSHA256"] in page.text and "hashes differ" not in page.text
    for value in (run["seed"], run["threshold"], run["versions"]["numpy"]):
        assert str(value) in page.text


def test_floats_give_the_runs_figures_exactly(floats, nsn2n, tmp_path):
    source, result, run = (floats / name for name in ("in.nrrd", "out.nrrd", "run.json"))
    assert nsn2n("report", source, result, "--run", run, "-o", "page.html").returncode == 0
    stored = Page((tmp_path / "page.html").read_text(encoding="utf-8")).figures["figures"]
    run = json.loads(run.read_text())
    for key in ("noiseBefore", "noiseAfter", "meanShift", "worstBlockShift", "homogeneousBlocks"):
        assert stored[key] == pytest.approx(run[key], rel=1e-3, abs=1e-4)


def test_another_result_and_a_missing_run_are_said(floats, nsn2n, tmp_path):
    image = sitk.ReadImage(str(floats / "out.nrrd"))
    sitk.WriteImage(image + 30, str(tmp_path / "other.nrrd"))
    source = floats / "in.nrrd"
    ended = nsn2n("report", source, "other.nrrd", "--run", floats / "run.json")
    page = Page((tmp_path / "other-report.html").read_text(encoding="utf-8"))
    assert "The result is not the one of the run" in page.text
    failed = [row["name"] for row in page.figures["limits"] if not row["passed"]]
    assert any("shift" in name.lower() for name in failed) and "FAIL" in page.text and "FAIL" in ended.stdout
    assert page.figures["figures"]["noiseAfter"] is None  # what that run left tells nothing of this result
    assert nsn2n("report", source, source, "-o", "same.html").returncode == 0
    page = Page((tmp_path / "same.html").read_text(encoding="utf-8"))
    assert "nothing was removed" in page.text and "how the result was made is not known" in page.text


def test_a_volume_that_was_left_as_it_was_fails_nothing(floats, nsn2n, tmp_path):
    run, source = json.loads((floats / "run.json").read_text()), floats / "in.nrrd"
    left = {
        "stages": [],
        "leftAsItWas": True,
        "justifiedStrength": 0.0,
        "noiseAfter": run["noiseBefore"],
        "meanShift": 0,
    }
    left |= {"anatomyRemoved": None, "alarm": None, "resultSHA256": run["inputSHA256"]}
    (tmp_path / "run.json").write_text(json.dumps({**run, **left}))
    ended = nsn2n("report", source, source, "--run", "run.json", "-o", "page.html")
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "FAIL" not in ended.stdout and "FAIL" not in page.text and '"tile bad"' not in page.source
    head = page.source.split("<h2>")[0]
    assert "nothing was removed. Left as it was: with noise as weak as this" in head


def test_the_runs_alarm_is_seen_first(floats, nsn2n, tmp_path):
    run = json.loads((floats / "run.json").read_text())
    alarm = "What was removed looks more like anatomy than like noise (97 % likely)"
    run = {**run, "alarm": alarm, "anatomyRemoved": 0.97, "warnings": [*run["warnings"], alarm]}
    (tmp_path / "run.json").write_text(json.dumps(run))
    ended = nsn2n("report", floats / "in.nrrd", floats / "out.nrrd", "--run", "run.json", "-o", "page.html")
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    head = page.source.split("<h2>")[0]
    assert '<div class="tile bad"><b>97 %</b>' in head and head.count('"tile bad"') == 2
    assert re.search('class="warn">(.*?)<', head).group(1) == alarm
    assert "FAIL  Probability that anatomy was removed, by the run: 0.97" in ended.stdout


def test_an_alarm_of_full_strength_says_so(floats, nsn2n, tmp_path):
    run = json.loads((floats / "run.json").read_text())
    full = {"alarm": "Look.", "anatomyRemoved": 0.97, "meanShift": run["meanShift"] - 1}
    (tmp_path / "run.json").write_text(json.dumps({**run, **full, "strength": 0.5}))
    nsn2n("report", floats / "in.nrrd", floats / "out.nrrd", "--run", "run.json", "-o", "page.html")
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "Look. (Judged before input was mixed back in.)" in page.source.split("<h2>")[0]
    assert "anatomyRemoved" not in page.figures["figures"]
    # of the volumes: the run's is of full strength
    assert page.figures["figures"]["meanShift"] == pytest.approx(run["meanShift"], abs=1e-3)


def test_a_run_of_less_strength_gives_its_own_figures(floats, nsn2n, tmp_path):
    source = floats / "in.nrrd"
    call = ("--strength", "0.5", "--report", "run.json", "--preset", "fast", "--device", "cpu")
    assert nsn2n("denoise", source, "half.nrrd", *call).returncode == 0
    assert nsn2n("report", source, "half.nrrd", "--run", "run.json", "-o", "page.html").returncode == 0
    stored = Page((tmp_path / "page.html").read_text(encoding="utf-8")).figures["figures"]
    run, full = (json.loads(path.read_text()) for path in (tmp_path / "run.json", floats / "run.json"))
    for key in MEASURED:
        assert stored[key] == run[key]
    assert stored["ofVolumes"]["noiseAfter"] == run["noiseAfter"]  # what was mixed in counts once
    assert run["noiseAfter"] == pytest.approx(0.5 * (full["noiseBefore"] + full["noiseAfter"]), rel=1e-3)
    assert "anatomyRemoved" not in stored  # judged at full strength


def test_a_bias_of_mr_that_was_taken_away_fails_no_limit(nsn2n, tmp_path):
    image = sitk.GetImageFromArray(np.rint(magnitude(mr_phantom(6, 96), 12.0)).astype(np.int16))
    sitk.WriteImage(image, str(tmp_path / "in.nrrd"))
    call = ("--report", "run.json", "--preset", "fast", "--device", "cpu")
    assert nsn2n("denoise", "in.nrrd", "out.nrrd", *call).returncode == 0
    assert nsn2n("report", "in.nrrd", "out.nrrd", "--run", "run.json", "-o", "page.html").returncode == 0
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["ricianCorrected"] and "with this bias put back" in page.source.split("<h2>")[0]
    before, after = (sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / n))) for n in ("in.nrrd", "out.nrrd"))
    moved = {row["name"]: row["shift"] for row in shift_by_tissue(before, after)}
    assert abs(moved["darker third of the tissue"]) > 0.1 * run["noiseBefore"]
    for row in page.figures["limits"]:
        assert row["passed"] or "shift" not in row["name"].lower(), row
    stored = page.figures["figures"]
    for key in MEASURED:
        assert stored[key] == run[key]
        assert stored["ofVolumes"][key] == pytest.approx(run[key], abs=0.03 * run["noiseBefore"])


def test_of_a_run_within_a_part_that_part_is_judged(floats, nsn2n, tmp_path):
    source = floats / "in.nrrd"
    wanted = write_labels(tmp_path / "part.nrrd", source, np.s_[5:9, 20:60, 30:60])
    call = ("--within", "part.nrrd", "--report", "run.json", "--preset", "fast", "--device", "cpu")
    assert nsn2n("denoise", source, "out.nrrd", *call).returncode == 0
    assert nsn2n("report", source, "out.nrrd", "--run", "run.json", "-o", "page.html").returncode == 0
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "Only a part of the volume was denoised, 7.5 % of its voxels" in page.source.split("<h2>")[0]
    stored = page.figures["figures"]
    assert stored["residual"]["sd"] == pytest.approx(stored["noiseBefore"], rel=0.2)
    assert min(stored["leak"]) > 0.3  # what was not denoised would have none
    assert 0 < sum(row["voxels"] for row in stored["shiftByTissue"]) <= wanted.sum()
    assert stored["ofVolumes"]["homogeneousBlocks"] < stored["homogeneousBlocks"]
    assert {f"slice {k}: removed" for k in (6, 7)} <= set(page.texts)


def test_a_volume_that_was_left_as_it_was_says_why(nsn2n, tmp_path):
    image = sitk.GetImageFromArray(ndimage.gaussian_filter(boxes(0), 1.5).astype(np.float32))
    sitk.WriteImage(image, str(tmp_path / "in.nrrd"))
    assert nsn2n("denoise", "in.nrrd", "out.nrrd", "--report", "run.json", "--device", "cpu").returncode == 0
    assert nsn2n("report", "in.nrrd", "out.nrrd", "--run", "run.json", "-o", "page.html").returncode == 0
    head = (tmp_path / "page.html").read_text(encoding="utf-8").split("<h2>")[0]
    assert "nothing was removed. Left as it was: it has too little noise to be worth denoising" in head


def test_a_smeared_result_fails(nsn2n, tmp_path):
    image = sitk.Cast(sitk.ReadImage(str(SAMPLE))[40:180, 60:188, 6:26], sitk.sitkFloat32)
    sitk.WriteImage(image, str(tmp_path / "in.nrrd"))
    sitk.WriteImage(sitk.SmoothingRecursiveGaussian(image, 3.0), str(tmp_path / "smeared.nrrd"))
    assert nsn2n("report", "in.nrrd", "smeared.nrrd").returncode == 0
    limits = Page((tmp_path / "smeared-report.html").read_text(encoding="utf-8")).figures["limits"]
    failed = {row["name"] for row in limits if not row["passed"]}
    assert any(name.startswith("Leak") for name in failed)
    assert any("between slices" in name for name in failed)
    assert any(name.startswith("Edges left") for name in failed)


def test_lesions_are_inserted_after_their_price_is_said(done, nsn2n):
    target = done / "lesions.html"
    source, result = done / "Doe^John.nrrd", done / "out.nrrd"
    ended = nsn2n("report", source, result, "--run", done / "run.json", "--lesions", "-o", target, "--overwrite")
    assert ended.returncode == 0, ended.stderr
    run = json.loads((done / "run.json").read_text())
    first = ended.stdout.splitlines()[0]
    assert "costs" in first and f"{sum(run['seconds'].values()):.0f} s" in first
    page = Page(target.read_text(encoding="utf-8"))
    cells = page.figures["figures"]["contrast"]
    assert cells and {c["contrast"] for c in cells} <= {10.0, 20.0, 40.0}
    by_size = {}
    for c in cells:
        assert c["low"] <= c["recovered"] <= c["high"] and -0.5 < c["recovered"] < 1.5
        by_size.setdefault(c["diameter"], []).append(c["recovered"])
    sizes = sorted(by_size)
    assert np.mean(by_size[sizes[0]]) < np.mean(by_size[sizes[-1]])
    assert any(row["name"].startswith("Contrast") for row in page.figures["limits"])
    assert "Not measured" not in page.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--lesions",), "--run"),
        (("--run", "missing.json"), "can't be read"),
        (("--run", "other.json"), "is not the JSON"),
        (("-o", "page.txt"), ".html"),
    ],
)
def test_what_is_refused(done, nsn2n, tmp_path, arguments, said):
    (tmp_path / "other.json").write_text('{"a": 1}')
    ended = nsn2n("report", done / "Doe^John.nrrd", done / "out.nrrd", *arguments)
    assert ended.returncode == 2 and said in ended.stderr
    assert not list(tmp_path.glob("*.html"))


def test_a_report_has_to_hold_all_that_the_page_reads(floats, nsn2n, tmp_path):
    run = json.loads((floats / "run.json").read_text())
    call = ("report", floats / "in.nrrd", floats / "out.nrrd", "-o", "page.html", "--run", "run.json")
    (tmp_path / "run.json").write_text(json.dumps({key: run[key] for key in ENTRIES}))
    assert nsn2n(*call).returncode == 0
    few = ("stages", "settings", "seconds", "axis", "versions")
    (tmp_path / "run.json").write_text(json.dumps({key: run[key] for key in few}))
    ended = nsn2n(*call, "--overwrite")
    assert ended.returncode == 2 and "is not the JSON" in ended.stderr


def test_volumes_that_are_no_pair_are_refused(done, nsn2n, small, tmp_path):
    ended = nsn2n("report", done / "Doe^John.nrrd", small)
    assert ended.returncode == 2 and "no pair" in ended.stderr
    image = sitk.ReadImage(str(done / "out.nrrd"))
    image.SetSpacing((2.0, 2.0, 2.0))
    sitk.WriteImage(image, str(tmp_path / "coarse.nrrd"))
    ended = nsn2n("report", done / "Doe^John.nrrd", "coarse.nrrd")
    assert ended.returncode == 2 and "different size" in ended.stderr
    for name, moved in (("flipped.nrrd", sitk.Flip(image, (True, False, False))), ("moved.nrrd", image)):
        moved = sitk.Image(moved)
        moved.SetSpacing(sitk.ReadImage(str(done / "out.nrrd")).GetSpacing())
        if name == "moved.nrrd":
            moved.SetOrigin((0, 0, 0))
        sitk.WriteImage(moved, str(tmp_path / name))
        ended = nsn2n("report", done / "Doe^John.nrrd", name)
        assert ended.returncode == 2 and "lie in different places: no pair" in " ".join(ended.stderr.split())


def test_a_result_with_voxels_that_are_no_numbers_is_refused(floats, nsn2n, tmp_path):
    image = sitk.ReadImage(str(floats / "out.nrrd"))
    image[3, 4, 5] = float("nan")
    sitk.WriteImage(image, str(tmp_path / "bad.nrrd"))
    ended = nsn2n("report", floats / "in.nrrd", "bad.nrrd")
    assert ended.returncode == 2 and "1 voxels of the result are NaN or infinite" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bad.nrrd"]


def test_without_a_name_the_page_lies_beside_the_result_with_its_name(nsn2n, small, tmp_path):
    (tmp_path / "sub").mkdir()
    shutil.copy(small, tmp_path / "sub/r.v1.nrrd")
    done = nsn2n("report", small, "sub/r.v1.nrrd")
    assert done.returncode == 0 and f"wrote {Path('sub/r.v1-report.html')}" in done.stdout, done.stderr
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["r.v1-report.html", "r.v1.nrrd", "sub"]


def test_a_dicom_series_shows_its_modality_and_no_more(done, nsn2n, tmp_path):
    values = sitk.GetArrayFromImage(sitk.ReadImage(str(done / "Doe^John.nrrd")))[:6, :64, :64]
    write_series(tmp_path / "s", values, np.arange(6.0))
    assert nsn2n("denoise", "s", "out", "--dicom", "--preset", "fast", "--report", "run.json").returncode == 0
    ended = nsn2n("report", "s", "out", "--run", "run.json", "-o", "page.html")
    assert ended.returncode == 0, ended.stderr
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.figures["identity"]["modality"] == "CT" and "CT, " in page.text
    assert "hashes differ" not in page.text
    for private in ("Jane", "P1", "20260102", "Chest", "Maker"):
        assert private not in page.text


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """A folder with three frames, the second one of more noise, their result by preset fast, and the run's report."""
    from NSN2NDenoiseLib.cli.main import main

    folder, noise = tmp_path_factory.mktemp("frames"), np.random.default_rng(1)
    write_frames(folder / "in.nii", [boxes(0) + noise.normal(0, sd, (6, 40, 40)) for sd in (20, 60, 20)])
    call = ["denoise", *(str(folder / name) for name in ("in.nii", "out.nii")), "--frames", "all", "--quiet"]
    assert main([*call, "--report", str(folder / "run.json"), "--preset", "fast", "--device", "cpu"]) == 0
    return folder


def test_a_frame_of_a_result_with_its_own_figures(frames, nsn2n, tmp_path):
    source, result, run = (frames / name for name in ("in.nii", "out.nii", "run.json"))
    ended = nsn2n("report", source, result, "--frame", "1", "--run", run, "-o", "page.html")
    assert ended.returncode == 0, ended.stderr
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    before, after = (sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[1] for path in (source, result))
    assert page.figures["identity"]["inputSHA256"] == voxel_hash(before)
    assert page.figures["identity"]["resultSHA256"] == voxel_hash(after)
    whole = json.loads(run.read_text())
    own = whole["frames"][1]
    for key, digits in (("noiseBefore", 5), ("noiseAfter", 5), ("thresholdImageUnits", 3)):
        assert f"{own[key]:.{digits}g}" in page.text and own[key] > 2 * whole["frames"][0][key]
    assert own["homogeneousBlocks"] == page.figures["figures"]["homogeneousBlocks"]
    assert "hashes differ" not in page.text


def test_frames_and_volumes_are_no_pair(frames, done, nsn2n, tmp_path):
    one = sitk.ReadImage(str(frames / "in.nii"))[:, :, :, 0]
    sitk.WriteImage(one, str(tmp_path / "one.nii"))
    ended = nsn2n("report", "one.nii", frames / "out.nii")
    assert ended.returncode == 2 and "out.nii is 4-D and one.nii is 3-D: no pair" in ended.stderr
    ended = nsn2n("report", frames / "in.nii", frames / "out.nii")
    assert ended.returncode == 2 and "choose one with --frame N" in ended.stderr
    run = json.loads((frames / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**run, "frames": run["frames"][:1]}))
    ended = nsn2n("report", frames / "in.nii", frames / "out.nii", "--frame", "1", "--run", "run.json")
    assert ended.returncode == 2 and "tells of the frames 0 to 0, and not of frame 1" in ended.stderr
    assert not list(tmp_path.glob("*.html"))


def test_without_lesions_nothing_needs_torch():
    code = (
        "import sys; import NSN2NDenoiseLib.cli.report, NSN2NDenoiseLib.report.page; "
        "sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], env=environment()).returncode == 0


def test_few_places_get_few_kinds():
    from NSN2NDenoiseLib.engine.judge.contrast import CONTRASTS_HU, DIAMETERS, OF_A_KIND, _kinds

    for sites in (1, 6, 12, 17, 30, 54, 200):
        contrasts, diameters = _kinds(sites, CONTRASTS_HU, DIAMETERS)
        count = len(contrasts) * len(diameters)
        assert count == 1 or sites / count >= OF_A_KIND
        assert contrasts[-1] == 40.0 and diameters[-1] == 10.0
    assert (contrasts, diameters) == (CONTRASTS_HU, DIAMETERS)


def test_a_volume_without_tissue_gets_no_lesions():
    from NSN2NDenoiseLib.engine.judge.contrast import insert_lesions

    volume = np.random.default_rng(0).normal(0, 5, (8, 64, 64)).astype(np.float32) - 1000
    volume[:, 20:30, 20:30] += 1000
    look, _ = engine.take_look(volume)
    with pytest.raises(engine.InputError, match="too little tissue"):
        insert_lesions(volume, look, (1.0, 1.0, 1.0))


def test_noise_that_is_left_below_full_strength():
    """The command measures at the strength it was told; the panel mixes later, what a run of full strength measured."""
    run = {"noiseBefore": 10.0, "noiseAfter": 6.0, "strength": 0.5, "settings": {"strength": 0.5}}
    assert noise_left_by(run) == pytest.approx(0.6)
    assert noise_left_by({**run, "settings": {"strength": 1.0}}) == pytest.approx(0.8)
    assert noise_left_by({**run, "strength": 1.0, "settings": {}}) == pytest.approx(0.6)


def test_a_report_of_another_version_is_refused():
    from NSN2NDenoiseLib.engine.judge.contrast import settings_of

    stored = {"settings": {"preset": "default", "gone": 1}, "threshold": 0.01, "gap": 1, "axis": "k"}
    with pytest.raises(engine.SettingsError, match="another version"):
        settings_of(stored)


def test_values_that_fit_no_rule_are_judged_all_the_same():
    volume = np.random.default_rng(0).normal(-2000, 20, (8, 96, 96)).astype(np.float32)
    look, slices = engine.take_look(volume)
    figures = measure_quality(volume, np.full_like(volume, -2000.0), look, slices)
    assert figures["residual"]["sd"] == pytest.approx(20, rel=0.02)
    assert figures["residual"]["withImage"] is None and figures["shiftByTissue"] == []
    assert check_limits(figures)
