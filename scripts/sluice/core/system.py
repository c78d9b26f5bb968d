"""What the operating system denies or lacks, in words: no right, no room, a disk that fails."""

from __future__ import annotations

import errno
import os
import re
import shutil

from sluice.core.errors import SluiceError

_NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_OTHER = (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENAMETOOLONG, errno.ELOOP, errno.ESTALE, errno.EBUSY, errno.ETXTBSY)
_KNOWN = (*_NO_RIGHT, *_NO_ROOM, *_OTHER)
# They put what the system said into a text of their own.
_LIBRARIES = ("duckdb", "_duckdb", "deltalake", "_internal")


def said_by(error: OSError) -> str:
    """What the system says, in a few words: of several errors together, as those of a copied folder, the first."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list) and error.args[0]:
        return _known_in(str(error.args[0][0][-1])) or str(error.args[0][0][-1])
    return error.strerror or str(error) or type(error).__name__


def of_system(error: Exception, deed: str) -> SluiceError | None:
    """What stopped `deed`, such as "sluice audit", where a user can put it right; None where it is a fault of this program."""
    said = _said(error)
    if said is None:
        return None
    named = str(error.filename) if isinstance(error, OSError) and error.filename else _path_in(str(error))
    if said in map(os.strerror, _NO_RIGHT):
        hint = "ask the owner for the right, or run it as a user who has it"
        return SluiceError(f"{deed} may not do this: {said}", where=named, hint=hint)
    if said in map(os.strerror, _NO_ROOM):
        hint = "make room (sluice prune shows what can be removed), then run it again"
        return SluiceError(f"{deed} needs more room: {said}", where=named, hint=hint)
    return SluiceError(f"{deed} cannot go on: {said}", where=named, hint="fix that, then run it again")


def _said(error: Exception) -> str | None:
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno) if error.errno in _KNOWN else None
    is_told = isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _LIBRARIES
    return _known_in(str(error)) if is_told else None


def _known_in(text: str) -> str | None:
    return next((said for said in map(os.strerror, _KNOWN) if said in text), None)


def _path_in(text: str) -> str:
    """The first absolute path that a message names, in quotes or as a word of its own."""
    found = re.search(r"[\"'](/[^\"']+)[\"']|(?<!\S)(/[^\s:]+)", text)
    return (found[1] or found[2]) if found else ""
