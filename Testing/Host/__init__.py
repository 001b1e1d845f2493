"""A strict stand-in for 3D Slicer; see README.md."""
