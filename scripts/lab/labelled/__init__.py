"""Tries detectors on series whose anomalies somebody labelled: `python -m lab.labelled FOLDER`."""
