"""`python -m transloop`: the `transloop` command."""

from transloop.cli import main

main()
