"""Parts that several learners share: networks, optimisers, actions, buffers, lifetimes of state."""
