"""The addresses of the server; each file makes a router of those that belong together."""
