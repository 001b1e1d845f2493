"""Sec. 3.2: low-pass filter, residual, W_i (Eq. 3), threshold, and which slices are paired."""
