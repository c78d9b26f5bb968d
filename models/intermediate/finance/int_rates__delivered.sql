{{ union_sources('rates') }}
