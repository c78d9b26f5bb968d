"""What a person types, as values: ages, dates, assignments, ids and rows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sluice.core.errors import SluiceError

_AGE = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ID = re.compile(r"[0-9a-f]{4,32}")


def age(text: str, option: str) -> timedelta:
    """`7d` as seven days; the units are m, h, d and w. Raises SluiceError for anything else."""
    match = _AGE.fullmatch(text.strip().lower())
    if match is None:
        raise SluiceError(f"{text!r} is not a valid age", where=option, hint="use a number and m, h, d or w: 30m, 12h, 7d, 2w")
    return timedelta(**{_UNITS[match.group(2)]: int(match.group(1))})


def until(text: str, now: datetime) -> datetime:
    """The end of a waiver, in UTC: the start of a day (`2027-01-31`), a time, or whole days after today (`30d`).

    Raises SluiceError for anything else, and for a time that has passed.
    """
    try:
        if _AGE.fullmatch(text.strip().lower()):
            end = now + age(text, "--until")
            end = end if text.strip().lower()[-1] in "mh" else datetime.combine(end.date(), datetime.min.time())
        else:
            end = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError, SluiceError):
        raise SluiceError(
            f"{text!r} is not a valid date", where="--until", hint="use a date or an age: 2027-01-31, 30d, 2w"
        ) from None
    if end.tzinfo is not None:
        end = (end - (end.utcoffset() or timedelta())).replace(tzinfo=None)
    if end <= now:
        raise SluiceError(f"{end} has passed (UTC)", where="--until", hint="use a date in the future")
    return end


def ids(texts: Sequence[str]) -> list[str]:
    """Quarantine ids, or prefixes of them, in lower case, each once. Raises SluiceError for anything else."""
    found = [text.strip().lower() for text in texts]
    wrong = [text for text in found if not _ID.fullmatch(text)]
    if wrong:
        raise SluiceError(
            f"{', '.join(map(repr, wrong))} is not a valid quarantine id",
            hint="use 4 to 32 of the digits 0-9 and a-f, as `sluice quarantine list --rows` prints them",
        )
    return list(dict.fromkeys(found))


def assignments(texts: Sequence[str]) -> dict[str, str]:
    """`column=value` each; the value is kept as it is, even if it is empty. Raises SluiceError for a text without =."""
    pairs: dict[str, str] = {}
    for text in texts:
        column, sign, value = text.partition("=")
        if not sign or not column.strip():
            raise SluiceError(f"{text!r} is not an assignment", where="--set", hint="use --set column=value")
        if column.strip() in pairs:
            raise SluiceError(f"{column.strip()} is set twice", where="--set")
        pairs[column.strip()] = value
    return pairs


def row(text: str) -> dict[str, Any]:
    """A whole row as JSON, or @ and the name of a file with it. Raises SluiceError if it is not a JSON object."""
    where = "--row"
    if text.startswith("@"):
        where = text[1:]
        try:
            text = Path(where).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SluiceError(f"cannot be read: {error}", where=where) from None
    found = parse(text)
    if found is None:
        raise SluiceError("not a JSON object", where=where, hint="""e.g. --row '{"order_id": 7, "amount": "12.50"}'""")
    return found


def parse(text: str | None) -> dict[str, Any] | None:
    """A JSON object with every digit of its numbers: those that a double cannot hold become strings. None for other text.

    Of a key given twice the first counts, as in ingest.
    """
    try:
        found = json.loads(text or "", parse_float=_float, parse_int=_int, object_pairs_hook=_object)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


def _float(text: str) -> float | str:
    return text if sum(letter.isdigit() for letter in text) > 15 else float(text)


def _int(text: str) -> int | str:
    return text if len(text) > 15 else int(text)


def reason(why: str | None) -> str:
    """The reason for a decision. Raises SluiceError if there is none."""
    if not why or not why.strip():
        raise SluiceError("a decision needs a reason", where="--why", hint="""--why "what is known about this row" """.strip())
    return why.strip()
