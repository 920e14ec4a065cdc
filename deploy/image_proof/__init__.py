"""Shows that the image does what it is said to do: `make image-proof`."""
