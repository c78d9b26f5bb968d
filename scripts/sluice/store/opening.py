"""The store that one setting names: a folder or an S3 address."""

from __future__ import annotations

import os
from pathlib import Path

from sluice.core.errors import SluiceError
from sluice.core.paths import warehouse_root
from sluice.store.store import Store

SETTING = "SLUICE_RELEASES"


def open_store(setting: str | None = None) -> Store:
    """The store that SLUICE_RELEASES names, by default the warehouse's folder. S3 is imported only where it is used."""
    address = os.environ.get(SETTING, "") if setting is None else setting
    if "://" not in address:
        from sluice.store.folder import Folder

        return Folder(Path(address) if address else warehouse_root())
    if not address.startswith("s3://"):
        raise SluiceError(f"{address} is neither a folder nor s3://bucket/prefix", where=SETTING)
    from sluice.store.s3 import Bucket

    return Bucket(address, cache=warehouse_root() / "cache")
