"""stub, to be replaced"""
__version__ = "0.1.0"
