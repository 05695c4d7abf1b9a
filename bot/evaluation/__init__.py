"""Offline evaluation: logged dialogues through the real bot, measured, compared, and thresholds from an error budget."""
