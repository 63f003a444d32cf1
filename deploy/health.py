"""Ends with 0 when the dashboard answers that it is well."""

import os
import sys
import urllib.request

base = os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
port = os.environ.get("STREAMLIT_SERVER_PORT", "8501")
address = f"http://127.0.0.1:{port}{f'/{base}' if base else ''}/_stcore/health"
try:
    with urllib.request.urlopen(address, timeout=4) as answer:
        sys.exit(0 if answer.read() == b"ok" else f"{address} does not answer ok.")
except OSError as error:
    sys.exit(f"{address} does not answer: {error}")
