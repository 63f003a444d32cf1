from .api import compare as compare
from .api import denoise as denoise
from .api import evaluate as evaluate
from .api import explain_clip as explain_clip
from .api import log_mel as log_mel
from .api import score as score
from .api import write_report as write_report
from .datasets import open_dataset as open_dataset
from .sound import read_clip as read_clip
from .training import train as train

__version__: str
