"""The train x test matrix, in parts: its sources, their distances, its trainings, its cells, and what they say."""
