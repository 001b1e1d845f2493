"""slicer.packaging: checks requirements for real; installs nothing.

An installation that a test wants to see is answered through `installer` (a function that gets the requirement
strings); without one it is a recorded problem and fails as pip does.
"""

import logging
import subprocess
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import InvalidRequirement, Requirement

from .strict import problems

__all__ = ["pip_check", "pip_ensure", "pip_install"]

installer = None


def _requirements(value):
    if isinstance(value, str):
        try:
            return [Requirement(value)]  # one requirement may have a marker, with spaces
        except InvalidRequirement:
            value = value.split()
    elif isinstance(value, Requirement):
        value = [value]
    elif not isinstance(value, list):
        raise TypeError(f"Expected str, Requirement, or list, got {type(value).__name__}")
    return [item if isinstance(item, Requirement) else Requirement(item) for item in value]


def pip_check(req):
    """True if every requirement is installed in a version that it accepts, its extras included."""
    return all(_isSatisfied(requirement) for requirement in _requirements(req))


def _isSatisfied(requirement):
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        if version(requirement.name) not in requirement.specifier:
            return False
    except PackageNotFoundError:
        return False
    for text in requires(requirement.name) or [] if requirement.extras else []:
        needed = Requirement(text)
        if needed.marker and any(needed.marker.evaluate({"extra": extra}) for extra in requirement.extras):
            needed.marker = None
            if not _isSatisfied(needed):
                return False
    return True


def pip_ensure(
    requirements,
    constraints=None,
    skip_packages=None,
    prompt_install=True,
    prompt_restart=True,
    requester=None,
    skip_in_testing=True,
    show_progress=True,
):
    """Install what is missing after asking the user; RuntimeError if the user declines. Skipped in testing mode."""
    import slicer

    missing = [str(item) for item in _requirements(requirements) if not pip_check(item)]
    if not missing:
        return None
    if skip_in_testing and slicer.app.testingEnabled():
        logging.info("Testing mode is enabled: skipping pip_ensure for %s", missing)
        return None
    if prompt_install:
        title = f"{requester} - Install Python Packages" if requester else "Install Python Packages"
        text = f"{len(missing)} Python package(s) must be installed. Continue?"
        if not slicer.util.confirmOkCancelDisplay(text, title, detailedText="\n".join(missing)):
            raise RuntimeError("User declined package installation")
    return pip_install(missing, constraints=constraints, skip_packages=skip_packages, requester=requester)


def pip_install(requirements, **kwargs):
    """Hand the requirements to `installer`; raises subprocess.CalledProcessError without one."""
    texts = [str(item) for item in _requirements(requirements)]
    if installer is None:
        problems.record("install", f"pip would install {texts}; no test expects that")
        raise subprocess.CalledProcessError(1, ["pip", "install", *texts])
    installer(texts)
