"""Telling people: what a run found wrong, gathered into incidents, one for each cause, and sent where people look."""
