"""The lake: Delta tables of what was delivered (raw), what was refused (quarantine) and what happened (ops)."""
