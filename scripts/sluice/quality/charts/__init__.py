"""Control charts of a project: the series that models declare, measured in a warehouse file and judged in the audit."""
