{{ refused_rows('order_items', 'order_item_id', ['order_id']) }}
