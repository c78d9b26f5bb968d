"""Candidates: warehouse files that are built aside, stand alone, and carry the record of what they were made from."""
