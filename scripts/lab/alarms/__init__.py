"""How often the control charts of a shop alarm on its own history, and why."""
