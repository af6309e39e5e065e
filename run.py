"""The command line of a clone: `python run.py launch`. An installed wheel has it as `openpoet`."""

try:
    from openpoet.entry import command
except KeyboardInterrupt:
    raise SystemExit(130) from None

if __name__ == "__main__":
    command()
