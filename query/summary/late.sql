-- report: late
-- version: 1
-- about: Objects of the window that were delivered long after their interval.
-- rows: object objects
-- limit: 10
-- empty: no object came late, as far as is known: a copy does not say when it was delivered
--
-- dimension: load_balancer load_balancer
-- dimension: node          node
-- default: load_balancer node
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
WITH
$intervals
SELECT log, load_balancer, node, make_timestamp(ends) AS interval_end, make_timestamp(ends + late) AS delivered, late / 1e6 AS late
FROM listed WHERE late > $lag_us::BIGINT
ORDER BY late DESC, log, load_balancer, node, interval_end;
