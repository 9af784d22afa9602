"""What a change of the data means: two states of a matrix, its rules and its templates, compared fact by fact."""
