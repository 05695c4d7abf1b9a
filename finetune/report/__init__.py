"""What a run tells of itself: one HTML page that needs nothing else, its plots as PNG, and numbers behind them."""
