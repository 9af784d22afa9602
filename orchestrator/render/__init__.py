"""From a recipe to a Dockerfile, and from a matrix to the tree of committed Dockerfiles."""
