coalesce(nullif(split_part(split_part(key.target_group_arn, ':targetgroup/', 2), '/', 1), ''), key.target_group_arn)
