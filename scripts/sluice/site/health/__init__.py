"""The page Health: a small chart of each series, and the whole chart of one."""
