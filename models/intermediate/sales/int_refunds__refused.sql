{{ refused_rows('refunds', 'refund_id', ['order_id']) }}
