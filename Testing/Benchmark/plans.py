"""The plans by name."""

from Benchmark.plan_design import design
from Benchmark.plan_full import full
from Benchmark.plan_quick import quick
from Benchmark.plan_table import table

PLANS = {"quick": quick, "table": table, "full": full, "design": design}
