"""What every file here has: `claims()`, a few minutes of real learning that ends in numbers with
bounds.
"""
