"""Streams that are killed by SIGKILL, and what of their messages is in the lake."""
