from .making import Backup as Backup
from .making import backup as backup
from .restoring import restore as restore
