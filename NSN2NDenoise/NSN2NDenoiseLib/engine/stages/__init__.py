"""The stages of a run, one a file; each turns a `State` into the next one. The plan says which ones run."""

from .first import first
from .judge import judge
from .learn import learn
from .limit import limit
from .match import match
from .pair import pair
from .refine import refine
from .similar import similar
from .spare import spare
from .strength import strength
from .unbias import unbias
from .within import within

STAGES = {
    "match": match,
    "pair": pair,
    "first": first,
    "similar": similar,
    "learn": learn,
    "refine": refine,
    "limit": limit,
    "spare": spare,
    "judge": judge,
    "unbias": unbias,
    "strength": strength,
    "within": within,
}
