"""What happened, kept as Delta tables under lake/ops: one definition per kind of entry, and how entries are appended."""
