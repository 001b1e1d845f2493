"""Volumes that stay in their files: read and written in boxes."""
