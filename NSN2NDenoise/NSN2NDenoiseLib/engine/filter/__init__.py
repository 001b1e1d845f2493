"""The filters of similar blocks: their compiled kernels for the CPU, and PCA per group."""
