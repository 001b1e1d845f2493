"""The plans by name."""

from Benchmark.plan_ablation import ablation
from Benchmark.plan_design import design
from Benchmark.plan_final import final, rehearsal
from Benchmark.plan_full import full
from Benchmark.plan_quick import quick
from Benchmark.plan_table import table

PLANS = {
    "quick": quick,
    "table": table,
    "full": full,
    "design": design,
    "ablation": ablation,
    "final": final,
    "rehearsal": rehearsal,
}
#: Plans on given volumes only: without them there is nothing to run.
BOUND = ("final", "rehearsal")
