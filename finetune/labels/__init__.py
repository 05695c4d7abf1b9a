"""Texts and what they are: intents and sentiment. `classifier` serves, and needs no torch."""
