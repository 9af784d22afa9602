"""The machines that share the work: buildx builders of any driver become nodes with slots."""
