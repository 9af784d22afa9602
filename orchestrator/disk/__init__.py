"""What fills the disk, and what of it may go: logs, staged images, BuildKit's cache, native tools, directories of killed runs."""
