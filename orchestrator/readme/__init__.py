"""The description of a repository, for its page on a registry: from the matrix and templates, within a limit of bytes."""
