"""Feeds of format mongodb: collections of a server that speaks its protocol."""
