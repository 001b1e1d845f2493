"""Benchmark of NSN2N: simulators, metrics, peers and the paper's experiments. See README.md in this folder."""
