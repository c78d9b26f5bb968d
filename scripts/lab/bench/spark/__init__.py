"""Spark Structured Streaming on the same topic, with a Python and jars of its own."""
