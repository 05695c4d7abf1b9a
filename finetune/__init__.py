"""Training on a company's own history: from exported logs to artefacts that serving loads without torch."""
