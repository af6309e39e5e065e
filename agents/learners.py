"""Registry of the learners by name: module, class and settings class. It imports none of them."""

LEARNERS = {
    "es": ("search.es", "ES", "ESConfig"),
    "ppo": ("ppo.ppo", "PPO", "PPOConfig"),
    "rl2": ("memory.rl2", "RL2", "RL2Config"),
    "wang": ("memory.wang", "Wang", "WangConfig"),
    "varibad": ("memory.varibad", "VariBAD", "VariBADConfig"),
    "meta-gradient": ("memory.meta_gradient", "MetaGradient", "MetaGradientConfig"),
    "maesn": ("gradient.maesn", "MAESN", "MAESNConfig"),
    "hochreiter": ("memory.hochreiter", "Hochreiter", "HochreiterConfig"),
    "maml": ("gradient.maml", "MAML", "MAMLConfig"),
    "fomaml": ("gradient.maml", "FOMAML", "FOMAMLConfig"),
    "reptile": ("gradient.reptile", "Reptile", "ReptileConfig"),
    "epg": ("gradient.epg", "EPG", "EPGConfig"),
    "mfec": ("memory.mfec", "MFEC", "MFECConfig"),
    "nec": ("memory.nec", "NEC", "NECConfig"),
    "eplstm": ("memory.episodic_lstm", "EpisodicLSTM", "EpisodicLSTMConfig"),
    "pearl": ("offpolicy.pearl", "PEARL", "PEARLConfig"),
    "diayn": ("offpolicy.diayn", "DIAYN", "DIAYNConfig"),
}
