"""What a run is worth, as pure functions over what came out of it.

A measure that is a mean over items returns the value of each, and `intervals` makes an `Estimate` of them. Of no items
nothing is known: such a figure is None, never 0 and never NaN, so JSON can carry it.
"""
