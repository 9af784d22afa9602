"""What fills the disk, and what of it may go: logs, staged images, BuildKit's cache, directories of killed runs."""
