"""The parts of `afina tune`: what is sought, what a trial is, where trials are kept, who wins."""
