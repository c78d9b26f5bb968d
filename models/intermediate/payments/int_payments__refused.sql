{{ refused_rows('payments', 'payment_id', ['order_id']) }}
