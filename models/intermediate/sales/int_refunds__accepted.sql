{{ accepted_rows('refunds') }}
