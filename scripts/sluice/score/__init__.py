"""Events scored as they come: a topic in, features as of each event, a model of a release, a topic and the lake out."""
