"""What goes into each image and why: rules as data, each with its reason and a link."""
