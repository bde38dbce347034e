"""The emulator, with target health made true: the lab, at the first argument, probes the targets."""

import gc
import json
import logging
import os
import sys
import urllib.request
from ipaddress import ip_address, ip_network
from types import SimpleNamespace

from moto import backends
from moto.cloudwatch.models import CloudWatchBackend
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.elb.responses import ELBResponse
from moto.elbv2 import models
from moto.server import main

lab = sys.argv[1]


def probe(probes):
    """What health checks, made now and all at the same time, find."""
    if not probes:
        return []
    with urllib.request.urlopen(lab, json.dumps(probes).encode(), timeout=60) as answer:
        return json.load(answer)


def place(group, target, ec2):
    """The address and the zone of a target; both None if it has none."""
    address = target["Id"]
    if address.startswith("i-"):
        address = ec2.get_instance_by_id(address).private_ip
    try:
        address = ip_address(address)
    except ValueError:  # a balancer or a function
        return None, None
    for subnet in ec2.describe_subnets():
        if subnet.vpc_id == group.vpc_id and address in ip_network(subnet.cidr_block):
            return str(address), subnet.availability_zone
    return str(address), None


def users(backend, group):
    """The balancers with a listener or a rule that forwards to the group."""
    for balancer in backend.load_balancers.values():
        actions = [a for l in balancer.listeners.values() for r in l.rules.values() for a in r.actions]
        if group.arn in json.dumps([a.data for a in actions]):
            yield balancer


def health(backend, target_group_arn, targets):
    told = untrue(backend, target_group_arn, targets)
    group = backend.target_groups[target_group_arn]
    balancers = list(users(backend, group))
    zones = {s.availability_zone for b in balancers for s in b.subnets}
    probes, probed = [], []
    for status in told:
        if status.status != "healthy":
            continue
        address, zone = place(group, {"Id": status.instance_id}, backend.ec2_backend)
        why = None
        if not balancers:
            why = "Target group is not configured to receive traffic from the load balancer"
        elif zone and zone not in zones and balancers[0].type == "application":
            why = "Target is in an Availability Zone that is not enabled for the load balancer"
        if why:
            status.status, status.reason, status.description = "unused", "Target.NotInUse", why
        elif not group.health_check_enabled:
            status.status, status.reason = "unavailable", "Target.HealthCheckDisabled"
            status.description = "Health checks are not enabled for this target"
        elif address:
            probed.append(status)
            probes.append(
                {
                    "Address": address,
                    "Port": int(status.port if group.health_check_port == "traffic-port" else group.health_check_port),
                    "Protocol": group.health_check_protocol,
                    "Version": group.protocol_version or "",
                    "Path": group.health_check_path or "",
                    "Timeout": int(group.health_check_timeout_seconds),
                    "Codes": (group.matcher.get("HttpCode") or group.matcher.get("GrpcCode") or "") if group.health_check_protocol != "TCP" else "",
                    "Network": balancers[0].type != "application",
                }
            )
    for status, found in zip(probed, probe(probes), strict=True):
        status.status, status.reason, status.description = found["State"], found["Reason"], found["Description"]
    if not targets:
        for target in group.deregistered_targets.values():
            told.append(
                models.FakeHealthStatus(
                    target["Id"], target["Port"], group.health_check_port, "draining",
                    "Target.DeregistrationInProgress", "Target deregistration is in progress",
                )
            )
    for status in told:
        if status.health_check_port == "traffic-port":
            status.health_check_port = str(status.port)
        status.reason, status.description = status.reason or None, status.description or None
    return told


def classic(response):
    """The health of a classic balancer's instances."""
    name = response._get_param("LoadBalancerName")
    backend = response.elb_backend
    states = backend.describe_instance_health(name, response._get_param("Instances", []))
    check = backend.get_load_balancer(name).health_check
    protocol, rest = check.target.split(":", 1)
    port, slash, path = rest.partition("/")
    probes = [
        {
            "Address": ec2_backends[backend.account_id][backend.region_name].get_instance_by_id(s["InstanceId"]).private_ip,
            "Port": int(port),
            "Protocol": {"SSL": "TCP"}.get(protocol, protocol),
            "Path": slash + path,
            "Timeout": int(check.timeout),
            "Codes": "200",
        }
        for s in states
    ]
    for state, found in zip(states, probe(probes), strict=True):
        state["Description"], state["ReasonCode"] = "N/A", "N/A"
        if found["State"] != "healthy" or state["State"] == "OutOfService":
            state["State"], state["ReasonCode"] = "OutOfService", "Instance"
            state["Description"] = "Instance has failed at least the UnhealthyThreshold number of health checks consecutively."
    return ActionResult({"InstanceStates": states})


ELBResponse.describe_instance_health = classic


def create(backend, *given, **named):
    """A balancer whose ARN tells its type."""
    balancer = create_application(backend, *given, **named)
    if balancer.type == "network":
        del backend.load_balancers[balancer.arn]
        balancer.arn = balancer.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
        backend.load_balancers[balancer.arn] = balancer
    return balancer


create_application = models.ELBv2Backend.create_load_balancer
models.ELBv2Backend.create_load_balancer = create

# Attributes that AWS has and the emulator does not know.
models.FakeLoadBalancer.VALID_ATTRS |= {"health_check_logs.s3.bucket", "health_check_logs.s3.prefix"}

# The emulator looks into its own folders at every request.
modules = frozenset(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: modules



def metrics(backend, queries, **named):
    """What each query finds among its own metric's data: the emulator looks for it, period by period, among all."""
    found = []
    for query in queries:
        metric = query["MetricStat"]["Metric"]
        own = [d for d in backend.get_all_metrics() if (d.namespace, d.name) == (metric["Namespace"], metric["MetricName"])]
        found += slow(SimpleNamespace(get_all_metrics=lambda own=own: own), [query], **named)
    return found


slow = CloudWatchBackend.get_metric_data
CloudWatchBackend.get_metric_data = metrics

# A line for each request takes 6 % of its time, and nobody reads it without a file for it.
if not os.environ.get("EMULATOR_LOG"):
    logging.getLogger("werkzeug").setLevel(logging.ERROR)

untrue = models.ELBv2Backend.describe_target_health
models.ELBv2Backend.describe_target_health = health
gc.freeze()  # what is loaded stays, and is not looked through again and again
main(sys.argv[2:])
