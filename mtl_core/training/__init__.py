"""Training of the shipped heads from the training text that comes with the package."""
