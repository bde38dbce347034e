-- report: late
-- version: 1
-- about: Objects of the window that were delivered long after their interval.
-- rows: object objects
-- limit: 10
-- empty: no object came late, as far as is known: a copy does not say when it was delivered
-- narrow: log load_balancer
--
-- column: log           text    everyone
-- column: load_balancer text    everyone  load balancer
-- column: node          text    everyone
-- column: interval_end  time    everyone  interval until
-- column: delivered     time    everyone
-- column: late          seconds everyone  after
--
-- What is listed here was missing from a summary that did not wait for longer than
-- the lag. Only S3 says when an object was delivered.
SELECT kind AS log, load_balancer, node, interval_end, modified AS delivered,
	(epoch_us(modified) - epoch_us(interval_end)) / 1e6 AS late
FROM listing
WHERE starts_with(uri, 's3://') AND interval_end IS NOT NULL
	AND epoch_us(interval_end) > $since_us AND ($until_us = 0 OR epoch_us(interval_end) - 300000000 < $until_us)
	AND epoch_us(modified) - epoch_us(interval_end) > $lag_us::BIGINT
ORDER BY late DESC, log, load_balancer, node, interval_end, uri;
