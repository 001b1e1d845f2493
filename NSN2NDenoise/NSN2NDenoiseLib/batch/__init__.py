"""Many volumes of files, folders, DICOM trees or a BIDS dataset, denoised by Dask's workers and listed in a table."""
