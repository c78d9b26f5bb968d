"""`make selection`: make every edit of a list, and see whether a pull request would build what it must."""
