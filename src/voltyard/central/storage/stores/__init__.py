"""One store per aggregate: what is asked of it, as SQL."""
