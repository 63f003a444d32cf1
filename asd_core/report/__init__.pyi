from . import document as document
from . import exports as exports
from . import wording as wording
from .figures import Comparison as Comparison
from .results_page import stored_scores as stored_scores
from .results_page import write_report as write_report
from .tables import Assumptions as Assumptions
