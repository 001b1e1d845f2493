"""The machine: device, precision, memory, time limit, progress, versions."""
