{{ union_sources('customers') }}
