"""Serving room: runs in, a web page and a REST API out.

Imports the recipes room and those before it; nothing of it imports torch.
"""
