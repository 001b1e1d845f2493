"""How much memory a method takes at most, from Linux's own books; elsewhere unknown."""

from pathlib import Path

SELF = Path("/proc/self")


class Peak:
    """`with Peak() as peak: ...`, then peak.mb: the most that this process held inside, in MB; None where unknown.

    peak.added: that less what it held before. Memory that is freed and taken again counts once.
    """

    def __enter__(self):
        self.mb = self.added = None
        try:
            (SELF / "clear_refs").write_text("5")  # the high-water mark begins anew
            self.before = _held("VmRSS")
        except OSError:
            self.before = None
        return self

    def __exit__(self, *error):
        if self.before is not None:
            self.mb = _held("VmHWM")
            self.added = max(self.mb - self.before, 0.0)


def _held(name):
    """A figure of /proc/self/status in MB."""
    for line in (SELF / "status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1000
    raise OSError(f"no {name} in {SELF / 'status'}")
