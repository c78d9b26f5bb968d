"""A real Kafka broker and schema registry on loopback: for tests, benches, and `make broker`."""
