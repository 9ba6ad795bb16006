"""The use cases of the central system: plain functions over a unit of work, and what they know."""
