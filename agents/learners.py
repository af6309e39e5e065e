"""The learners of openpoet by the name that --learner takes: module, class, settings. Nothing is loaded here."""

LEARNERS = {
    "es": ("es", "ES", "ESConfig"),
    "rl2": ("rl2", "RL2", "RL2Config"),
    "wang": ("rl2", "Wang", "WangConfig"),
    "maesn": ("maesn", "MAESN", "MAESNConfig"),
    "epg": ("epg", "EPG", "EPGConfig"),
    "mfec": ("mfec", "MFEC", "MFECConfig"),
    "nec": ("nec", "NEC", "NECConfig"),
    "eplstm": ("episodic_lstm", "EpisodicLSTM", "EpisodicLSTMConfig"),
}
