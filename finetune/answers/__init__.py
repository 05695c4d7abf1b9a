"""Questions and what was answered to them. `matcher` serves, and needs no torch."""
