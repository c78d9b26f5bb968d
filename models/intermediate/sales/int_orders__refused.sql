{{ refused_rows('orders', 'order_id') }}
