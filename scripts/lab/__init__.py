"""Measuring programs. Each one is started by `make <name>`, house by `python -m lab.house`. None is part of the wheel."""
