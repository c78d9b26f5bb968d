"""What a command did, as events of OpenLineage 1.x: who made which dataset from what, and whether its checks hold."""
