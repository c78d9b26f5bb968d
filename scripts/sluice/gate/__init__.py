"""The gate: everything that must hold before a pointer moves, and the commands that move or remove something."""
