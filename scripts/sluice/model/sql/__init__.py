"""The queries that read features, labels and what goes with them; names of relations and columns are filled in."""
