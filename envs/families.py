"""The task families of openpoet by name: module, class and settings class. Imports none of them."""

FAMILIES = {
    "walker": ("walker.family", "Walker", "WalkerSettings"),
    "bandits": ("bandits", "Bandits", "BanditSettings"),
    "mdp": ("mdp", "TabularMdps", "MdpSettings"),
    "two-step": ("two_step", "TwoStep", "TwoStepSettings"),
    "navigation": ("navigation", "Navigation", "NavigationSettings"),
    "maze": ("maze", "Mazes", "MazeSettings"),
    "gridnavi": ("gridnavi", "GridNavi", "GridNaviSettings"),
    "regression": ("regression", "Regression", "RegressionSettings"),
    "plant": ("plant", "Plants", "PlantSettings"),
    "cartpole": ("cartpole", "CartPole", "CartPoleSettings"),
    "grid": ("grid", "Grids", "GridSettings"),
    "barcode": ("barcode", "BarcodeBandits", "BarcodeSettings"),
    "random-rewards": ("discriminated", "Discriminated", "DiscriminatedSettings"),
}
