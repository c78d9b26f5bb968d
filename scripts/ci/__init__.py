"""What the workflows need besides `sluice` and `make`: a base to compare with, a report, a comment on GitHub."""
