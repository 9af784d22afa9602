"""The cells of `orchestrator list`, in the forms that other programs take: JSON, GitHub Actions, Jenkins, bake."""
