"""The page Today: the state of each environment, incidents, what was refused."""
