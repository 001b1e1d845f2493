"""The process beside Slicer: its program, its language and the order of its work."""
