"""Pages that open from a file: one style, tables, charts drawn as SVG. No script, nothing fetched."""
