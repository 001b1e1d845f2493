"""Every volume of the data folder, each for development or for the final table, and the guard between the two.

Development: whoever changes the method may look at these; every default, threshold and limit was chosen on some of
them. Nothing measured on them is evidence that the method carries over. Final: opened by runs of the final plan only,
once the defaults are frozen; a design run that opened one would spend it.
"""

from pathlib import Path

DEVELOPMENT = (
    "CTChestLIDC0314.nrrd",
    "ct_headphantom_1mm_sharp.nii.gz",
    "ct_headphantom_1mm_smooth.nii.gz",
    "ct_ibsi_sts013_lownoise.nii.gz",
    "ct_lidc0314_1mm_noisy.nii.gz",
    "ct_lungfcp_overlap_1mm.nii.gz",
    "dicom_ibsi_sts021_ct",
    "epi_phantom_grappa_p4.nii.gz",
    "fcmri_mean_of_later69.nii.gz",
    "fcmri_single.nii.gz",
    "lowfield_0055T_fse_cor.nii.gz",
    "microct_bone_200.nrrd",
    "mr_colin27_t1_1mm.nii.gz",
    "mr_studyforrest_t1_0p7mm.nii.gz",
    "mr_studyforrest_t1_bin2_cleanref.nii.gz",
    "odd/*",
    "pet_ibsi_sts013_suv.nii.gz",
    "us_plus_spinephantom_stack.nrrd",
)
FINAL = ("final/*",)

#: The folder of the final volumes inside the data folder.
FINAL_FOLDER = "final"
PURPOSES = ("development", "final")


class FinalVolume(Exception):
    """A volume that is reserved for the final table was asked for by a run that is not the final one."""


def purpose_of(name):
    """ "development" or "final" of a volume, named as in `Experiment.base`.

    Raises KeyError for a volume that is in neither list: whoever adds one decides what it is for.
    """
    parts = Path(name).parts
    for purpose, names in (("development", DEVELOPMENT), ("final", FINAL)):
        for entry in names:
            if name == entry or (entry.endswith("/*") and len(parts) > 1 and parts[0] == entry[:-2]):
                return purpose
    raise KeyError(f"{name} is listed neither as development nor as final; list it in {Path(__file__).name} first")


def check(path, purpose="development"):
    """Raise FinalVolume if the file or folder at `path` is a final one and the run is not for the final table.

    Links are followed, so that a final volume is known by whatever name it is reached. purpose: one of PURPOSES.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"a run is for {' or '.join(PURPOSES)}, not for {purpose!r}")
    names = {*Path(path).parts[-3:], *Path(path).resolve().parts[-3:]}  # final/volume, final/series/file
    if purpose != "final" and FINAL_FOLDER in names:
        raise FinalVolume(f"{path} is reserved for the final table; only an experiment with purpose='final' opens it")
