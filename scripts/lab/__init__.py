"""Instruments: they measure what the product does and costs. Each is started as `make <name>`; none is part of the wheel."""
