"""Scripts and styles that every page has."""
