"""Feeds of format rest: the records of an address that answers in JSON, page by page."""
