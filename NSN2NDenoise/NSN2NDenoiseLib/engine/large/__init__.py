"""Volumes larger than memory: looked at slice by slice, denoised brick by brick."""
