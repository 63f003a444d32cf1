from . import pipeline as pipeline
from . import seeds as seeds
from .checks import PlantedCheck as PlantedCheck
from .checks import collapse_alarms as collapse_alarms
from .material import Material as Material
from .pipeline import TWINS as TWINS
from .pipeline import train as train
from .planted import plant_burst as plant_burst
