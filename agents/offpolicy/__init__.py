"""Off-policy learners with a replay buffer: soft actor-critic, DIAYN and PEARL."""
