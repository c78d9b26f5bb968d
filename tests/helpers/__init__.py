"""What tests share: shops to build, servers to talk to, the project on a state of its own."""
