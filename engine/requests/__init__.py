"""Requests: frozen objects that hold everything that decides one engine job's result."""
