"""`voltyard demo`: one simulated charge point."""

import rich_click as click


@click.command()
def demo() -> None:
    """Draft."""
