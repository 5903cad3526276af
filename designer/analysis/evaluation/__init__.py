"""What each node of a graph gets and gives."""
