"""Grain: one row per count of events that a value divides by. Says between which counts the expected one lies.

Exact limits of Garwood (1936): the inverse of the gamma distribution, which SQL does not have and SciPy does.
"""

import numpy as np
import pyarrow as pa
from scipy.special import gammaincinv


def model(dbt, session):  # noqa: ARG001 - dbt calls it so
    dbt.config(materialized="table", contract={"enforced": False})
    metric_values = dbt.ref("int_metric_values").set_alias("metric_values")
    metrics = dbt.ref("rpt_metrics").filter("interval_method = 'poisson'").set_alias("metrics")
    counted = metric_values.join(
        metrics, "metric_values.metric = metrics.metric and metric_values.version = metrics.version"
    )
    return limits(
        counted.filter("value is not null and denominator > 0")
        .project("cast(denominator as bigint) as events")
        .distinct()
        .fetchnumpy()["events"]
    )


def limits(events):
    """For each count the low and high end of the 95 % and the 80 % interval, as an Arrow table."""
    columns = {"events": pa.array(events, pa.int64())}
    for level in (95, 80):
        tail = (1 - level / 100) / 2
        low = np.where(events > 0, gammaincinv(np.maximum(events, 1), tail), 0)
        columns[f"low_{level}"] = pa.array(low, pa.float64())
        columns[f"high_{level}"] = pa.array(gammaincinv(events + 1, 1 - tail), pa.float64())
    return pa.table(columns)
