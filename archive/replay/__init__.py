"""Replays of episodes from an archive: in a window, as pictures, as films."""
