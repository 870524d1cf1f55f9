"""`python -m transloop`: the `transloop` command."""

from transloop.entry import main

if __name__ == "__main__":
    main()
