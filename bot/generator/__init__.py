"""Replies written by a language model on a server or in this process, released only through the evidence lock."""
