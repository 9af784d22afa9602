"""What is in an image: its layers, configuration and packages with their licences, read once when it is proven, kept by digest."""
