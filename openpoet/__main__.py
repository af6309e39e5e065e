"""`python -m openpoet`: the command line."""

from openpoet.entry import command

if __name__ == "__main__":
    command()
