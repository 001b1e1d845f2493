"""Tests of the Slicer module in the test host, with the real child process and the real engine."""
