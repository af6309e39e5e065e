"""Learners that search: evolution strategies over flat policies, and the rollouts behind them."""
