"""The command line ``nsn2n``: files in and out through SimpleITK, on top of the engine."""
