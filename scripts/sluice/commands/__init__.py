"""The commands: they parse what is typed, call a step or a function of a room, and print what it returns."""
