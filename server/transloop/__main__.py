"""`python -m transloop`, the same as `transloop`."""

from transloop.cli import main

if __name__ == "__main__":
    main()
