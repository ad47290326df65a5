"""One module or package per technology; none knows another."""
