"""A language model that learns to answer from passages as the company's people did."""
