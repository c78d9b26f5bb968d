{{ refused_rows('disputes', 'dispute_id', ['payment_id']) }}
