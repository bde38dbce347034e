"""Reads Parquet with Spark, which listens on loopback only."""

from pyspark.sql import SparkSession, functions as f

import answer

spark = (SparkSession.builder.master("local[1]")
         .config("spark.driver.host", "127.0.0.1")
         .config("spark.driver.bindAddress", "127.0.0.1")
         .config("spark.ui.enabled", "false")
         .config("spark.log.level", "ERROR")
         .config("spark.sql.shuffle.partitions", "1")
         .getOrCreate())

for job in answer.jobs():
    data = spark.read.parquet(job["path"])
    count, first, last = data.agg(f.count("*"), f.min(job["when"]), f.max(job["when"])).first()
    answer.write(
        job["out"], data.dtypes, count, first, last,
        data.groupBy(job["group"]).count().collect(), data.collect())

spark.stop()
