"""The library file of official-images: written from the matrix, read back strictly, compared with another."""
