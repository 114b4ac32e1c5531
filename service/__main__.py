"""`python -m service` is the `discuss` command."""

from service.cli import main

main()
