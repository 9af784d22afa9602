"""Every file of an image, read from the layers that the engine hands out; nothing of the image is run."""
