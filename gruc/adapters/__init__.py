"""Estimators as other libraries have them; each module needs the library that it is named after."""
