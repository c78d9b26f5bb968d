"""Feeds of topics that go on: batch after batch, until SIGTERM."""
