"""The page Catalog."""
