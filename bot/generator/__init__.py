"""Replies written by a language model behind an OpenAI-compatible server, released only through the evidence lock."""
