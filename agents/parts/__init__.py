"""Parts shared by several learners: networks, optimisers, action distributions, replay buffers."""
