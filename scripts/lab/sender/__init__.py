"""Senders of alerts that are killed at any moment: every alert has to arrive all the same."""
