"""The page Pipeline: what steps and models take."""
