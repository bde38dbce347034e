"""Reads Parquet with Arrow."""

import pyarrow.compute as pc
import pyarrow.dataset as ds

import answer

for job in answer.jobs():
    data = ds.dataset(job["path"], format="parquet", partitioning="hive")
    table = data.to_table()
    span = pc.min_max(table[job["when"]]).as_py()
    groups = table.group_by(job["group"]).aggregate([([], "count_all")])
    answer.write(
        job["out"],
        ((f.name, str(f.type)) for f in data.schema),
        data.count_rows(), span["min"], span["max"],
        zip(groups[job["group"]].to_pylist(), groups["count_all"].to_pylist()),
        zip(*(c.to_pylist() for c in table.columns)))
