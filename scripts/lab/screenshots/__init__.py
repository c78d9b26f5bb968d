"""Pictures for README, of a demo shop whose third night is refused."""
