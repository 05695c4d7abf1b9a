"""Texts and what they name: order numbers, dates, products. `tagger` serves, and needs no torch."""
