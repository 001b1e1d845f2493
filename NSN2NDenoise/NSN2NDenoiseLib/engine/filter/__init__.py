"""The filters of similar 3-D blocks, their compiled kernels for the CPU, and the bound on what is removed."""
