from .base import Engine as Engine
from .base import Here as Here
from .choice import chosen_engine as chosen_engine
from .choice import local_engine as local_engine
from .choice import override_settings as override_settings
from .choice import ray_engine as ray_engine
from .choice import use_engine as use_engine
from .processes import Processes as Processes
