"""Multi-task heads over one shared sentence encoder."""
