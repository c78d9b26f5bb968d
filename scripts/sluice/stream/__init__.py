"""Feeds of topics that go on: batch after batch, until they are told to stop."""
