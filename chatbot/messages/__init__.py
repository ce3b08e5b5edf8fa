"""Training messages of the message heads, written for this project, and what keeps them sound."""
