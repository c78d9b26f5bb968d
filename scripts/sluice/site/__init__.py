"""The site: a folder of pages about a project, made of its history and its releases. It opens from disk, without a network."""
