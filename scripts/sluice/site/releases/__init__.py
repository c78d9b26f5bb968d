"""The page Releases: each beside the one before."""
