"""Heads that understand chat messages on the shared encoder, and their training."""
