"""Set before NumPy and SciPy are loaded; helpers live in tests/helpers.py."""

import os
import sys
from pathlib import Path

# lets scikit-learn's check_array_api_input run instead of skipping
os.environ.setdefault("SCIPY_ARRAY_API", "1")

sys.path.insert(0, str(Path(__file__).parent))
