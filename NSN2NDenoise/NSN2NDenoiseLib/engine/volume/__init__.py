"""The volume as slices: what can be denoised, along which axis, in which units, and what is padding."""
