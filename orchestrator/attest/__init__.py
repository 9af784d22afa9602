"""What is said of an image beside it: where it comes from, what is in it, who vouches for it; attached in registries, and signed."""
