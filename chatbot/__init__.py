"""The nudging coach over the quality model and the template search."""
