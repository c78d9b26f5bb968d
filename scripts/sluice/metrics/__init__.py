"""The state of lake, releases and history as metrics that Prometheus reads: what `sluice metrics` writes and serves."""
