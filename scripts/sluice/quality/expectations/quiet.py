"""Imports Great Expectations silently: no telemetry, no progress bars, no warnings, no log lines."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from sluice.core.extras import need

# See docs/decisions/003 for what the audit relies on inside GX.
_OFF = {"GX_ANALYTICS_ENABLED": "false", "GREAT_EXPECTATIONS_ANALYTICS_ENABLED": "false", "TQDM_DISABLE": "1"}


@contextmanager
def quiet_gx() -> Iterator[None]:
    """Import and use GX inside this block. Its log lines are muted: failures are in its results.

    Raises SluiceError where it is not installed.
    """
    need("great_expectations", "expectations", "an audit of expectations")
    before = {name: os.environ.get(name) for name in _OFF}
    os.environ.update(_OFF)
    loggers = [logging.getLogger(name) for name in ("great_expectations", "py.warnings")]
    muted = [logger.disabled for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
            logger.disabled = True
        try:
            yield
        finally:
            # GX turns this on when it is imported; other warnings have to go to stderr.
            logging.captureWarnings(False)
            for logger, was in zip(loggers, muted, strict=True):
                logger.disabled = was
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})
