"""The command line of a clone: `python run.py launch`. An installed wheel has it as `openpoet`."""

from openpoet.cli.main import command

if __name__ == "__main__":
    command()
