"""The learners of openpoet by the name that --learner takes: module, class, settings. Nothing is loaded here."""

LEARNERS = {
    "es": ("es", "ES", "ESConfig"),
    "rl2": ("rl2", "RL2", "RL2Config"),
    "wang": ("rl2", "Wang", "WangConfig"),
    "varibad": ("varibad", "VariBAD", "VariBADConfig"),
    "meta-gradient": ("meta_gradient", "MetaGradient", "MetaGradientConfig"),
    "maesn": ("maesn", "MAESN", "MAESNConfig"),
    "hochreiter": ("hochreiter", "Hochreiter", "HochreiterConfig"),
    "maml": ("maml", "MAML", "MAMLConfig"),
    "fomaml": ("maml", "FOMAML", "FOMAMLConfig"),
    "reptile": ("reptile", "Reptile", "ReptileConfig"),
    "epg": ("epg", "EPG", "EPGConfig"),
    "mfec": ("mfec", "MFEC", "MFECConfig"),
    "nec": ("nec", "NEC", "NECConfig"),
    "eplstm": ("episodic_lstm", "EpisodicLSTM", "EpisodicLSTMConfig"),
    "pearl": ("pearl", "PEARL", "PEARLConfig"),
    "diayn": ("diayn", "DIAYN", "DIAYNConfig"),
}
