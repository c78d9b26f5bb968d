"""Packages that only some commands need: who installs Sluice for these names them as extras, `sluice-dataops[s3]`."""

from __future__ import annotations

from importlib.util import find_spec

from sluice.core.errors import SluiceError


def need(package: str, extra: str, wanted: str) -> None:
    """Raise SluiceError where a package is not installed; `wanted` says what is wanted of it."""
    if find_spec(package) is None:
        raise missing(package, extra, wanted)


def missing(package: str, extra: str, wanted: str) -> SluiceError:
    """What to raise where a package is not installed. `extra` is empty for one that Sluice always needs."""
    name = f"'sluice-dataops[{extra}]'" if extra else "sluice-dataops"
    hint = f"install {name} from the wheel that Sluice is installed from; in a clone of Sluice: make setup"
    # A refused feed shows what is wrong and where, so the extra is named there as well.
    where = f"the extra {name}" if extra else ""
    return SluiceError(f"{wanted} needs the package {package}, which is not installed", where=where, hint=hint)
