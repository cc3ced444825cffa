"""A run as a Hugging Face Space: what is published of it, and what installs and starts its server."""
