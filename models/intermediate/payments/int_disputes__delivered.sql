{{ union_sources('disputes') }}
