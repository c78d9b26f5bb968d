"""Column lineage: what each column is made of, the graph of a project, and what a change reaches downstream."""
