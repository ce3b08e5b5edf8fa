"""Pupils' names in a text, found by what its words mean together: small heads on the shared encoder."""
