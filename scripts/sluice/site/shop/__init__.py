"""The page The shop: charts of what models declare by meta: show."""
