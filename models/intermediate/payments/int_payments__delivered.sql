{{ union_sources('payments') }}
