"""Curvature anisotropic diffusion, SimpleITK: what Slicer ships."""

import SimpleITK as sitk

LABEL = "CurvatureAnisotropicDiffusion (SimpleITK)"
SOURCE = "Whitaker and Xue, ICIP 2001; ITK CurvatureAnisotropicDiffusionImageFilter"
LICENSE = "Apache-2.0"
PACKAGE = None
RANDOM = False
SWEEP = [{"conductance": c, "iterations": n} for c in (1.0, 2.0, 3.0, 9.0) for n in (2, 3, 5, 7, 10, 20)]


def denoise(case, seed, progress, conductance, iterations):
    """Time step 0.0625, the filter's largest stable one for unit spacing."""
    image = sitk.GetImageFromArray(case.noisy)
    result = sitk.CurvatureAnisotropicDiffusion(
        image, timeStep=0.0625, conductanceParameter=conductance, numberOfIterations=iterations
    )
    return sitk.GetArrayFromImage(result)
