"""Steps: what a command, `sluice run` and a scheduler call alike.

Each is a function that takes plain data and returns a report. It writes its own history and audit trail, prints nothing, and
raises SluiceError where it could not run and RefusedError where a guard denied it. A report's `exit_code` is that of its
command. Steps work in the current folder, which is the project's.
"""
