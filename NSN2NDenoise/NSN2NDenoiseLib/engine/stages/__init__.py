"""The stages of a run, one a file; each turns a `State` into the next one."""
