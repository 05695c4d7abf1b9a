"""The HTTP server: webhooks of helpdesks, an API for your own programs, health and metrics."""
