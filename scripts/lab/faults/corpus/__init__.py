"""The fault corpus: what can go wrong with a shop's deliveries, each a function that spoils one table of the demo.

An entry's name is its id and stays what it is; a change of meaning, or an entry more or less, is a new VERSION.
The faults with which `sluice demo` delivers its own data are another list, in scripts/sluice/demo/tables.py.
"""

VERSION = "2.0"
