"""What differs between two commits, what that touches, and the environments of pull requests."""
