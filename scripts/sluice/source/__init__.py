"""New sources: what is delivered is looked at, a feed, contract and staging are proposed, and what is missing is checked."""
