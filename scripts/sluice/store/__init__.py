"""Where releases are kept, in a folder or on S3: their files, their records and the pointers of environments."""
