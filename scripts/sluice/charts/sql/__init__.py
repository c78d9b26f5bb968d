"""The SQL of the charts, as text with $parameters; charts.engine fills them in."""
