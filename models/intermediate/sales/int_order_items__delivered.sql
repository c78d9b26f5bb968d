{{ union_sources('order_items') }}
