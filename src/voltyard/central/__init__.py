"""The central system: what charge points connect to and operators work with."""
