"""Releases: a warehouse file that is built aside, stands alone, and carries the record of what it was made from."""
