"""Command line room: one file a command, each a sentence around a recipe. May import every other room."""
