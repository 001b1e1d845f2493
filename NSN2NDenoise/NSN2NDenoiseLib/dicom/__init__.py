"""DICOM series: which there are, where their slices lie, their voxels, and the derived series of a result."""
