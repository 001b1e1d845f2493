"""MRML volumes in and out, the child process, dependencies; no widgets, and nothing of the panel."""
