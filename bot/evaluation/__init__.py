"""Offline evaluation: the measures, and thresholds that keep an error budget."""
