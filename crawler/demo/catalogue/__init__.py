"""The catalogue of behaviours: what hosts do to sources, with golden answers, as a web on loopback.

Each script is a host at an address of its own: what its pages do over the steps of a clock, and
what is right to conclude of each at each step. Crawling all of it and comparing gives a confusion
matrix: ``sourcekeep demo --catalogue``.
"""

from crawler.demo.catalogue.dying import list_dying
from crawler.demo.catalogue.living import list_living
from crawler.demo.catalogue.missing import list_missing
from crawler.demo.catalogue.noise import list_noise
from crawler.demo.catalogue.planted import list_planted
from crawler.demo.catalogue.reworked import list_reworked
from crawler.demo.catalogue.scoring import Look, Miss, Rates, Score, score
from crawler.demo.catalogue.script import Changes, Cited, Golden, Outcomes, Script, States
from crawler.demo.catalogue.steps import Step
from crawler.demo.catalogue.walls import list_walls
from crawler.demo.catalogue.web import CatalogueWeb

SCRIPTS: tuple[Script, ...] = (
    *list_living(),
    *list_dying(),
    *list_missing(),
    *list_walls(),
    *list_planted(),
    *list_reworked(),
    *list_noise(),
)

__all__ = [
    "SCRIPTS",
    "CatalogueWeb",
    "Changes",
    "Cited",
    "Golden",
    "Look",
    "Miss",
    "Outcomes",
    "Rates",
    "Score",
    "Script",
    "States",
    "Step",
    "score",
]
