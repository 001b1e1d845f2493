"""Collaborative filtering of similar 3-D blocks, and the bound on what is removed."""
