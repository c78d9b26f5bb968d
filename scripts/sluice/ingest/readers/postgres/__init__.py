"""Feeds of format postgres: tables and views of a server."""
