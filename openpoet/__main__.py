"""`python -m openpoet`: the command line."""

from openpoet.cli.main import command

if __name__ == "__main__":
    command()
