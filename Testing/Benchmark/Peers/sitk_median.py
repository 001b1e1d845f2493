"""Median filter, SimpleITK: what Slicer ships."""

import SimpleITK as sitk

LABEL = "Median (SimpleITK)"
SOURCE = "ITK MedianImageFilter"
LICENSE = "Apache-2.0"
PACKAGE = None
RANDOM = False
SWEEP = [{"radius": (1, 1, 0)}, {"radius": (1, 1, 1)}, {"radius": (1, 1, 2)}, {"radius": (2, 2, 1)}]


def denoise(case, seed, progress, radius):
    """radius (i, j, k) in voxels."""
    return sitk.GetArrayFromImage(sitk.Median(sitk.GetImageFromArray(case.noisy), tuple(int(r) for r in radius)))
