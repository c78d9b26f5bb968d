"""How large a site becomes, and how soon it opens, over a history that is made up."""
