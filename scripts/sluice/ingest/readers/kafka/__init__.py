"""Feeds of format kafka: messages of a topic."""
