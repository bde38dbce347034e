package main

import (
	"net/netip"
	"strings"

	"loglens/ingest"
	"loglens/query"
)

// whichRequests is the condition in SQL that the filters of raw stand for, "" if they ask for
// nothing, for other lines than requests, or for what only failures have. A path of which none
// was found may not be as the report routes writes it.
func whichRequests(r query.Report, o reportOptions, found bool) string {
	if r.Name != rawReport {
		return ""
	}
	columns := map[string]string{
		"load_balancer": "elb", "target_group": "target_group", "target_group_arn": "target_group_arn", "target": "target", "node": "node",
		"client": "client_ip", "network": "client_net", "route": "route", "status": "elb_status_code", "target_status": "target_status_code",
	}
	var list []string
	for _, f := range r.Filters {
		at, column := o.filters[f.Name], columns[f.Name]
		if at == nil || *at == "" {
			continue
		}
		quoted, asAsked := strings.ReplaceAll(*at, "'", "''"), f.Name == "route" && !found && !strings.Contains(*at, "{")
		switch value := *at; {
		case f.Name == "log" && value == "request":
		case column == "":
			return ""
		case value == "-":
			list = append(list, column+" is null")
		case f.Number:
			list = append(list, column+" = "+value)
		case f.Address && shortest(value, f.Port) != value:
			list = append(list, column+" in ('"+quoted+"', '"+shortest(value, f.Port)+"')")
		case asAsked && strings.Contains(value, "*"):
			list = append(list, "request like '%"+strings.ReplaceAll(quoted, "*", "%")+"%'")
		case asAsked:
			list = append(list, "contains(request, '"+quoted+"')") // LIKE takes _ and % for anything
		default:
			list = append(list, column+" = '"+quoted+"'")
		}
	}
	return strings.Join(list, " and ")
}

// shortest is an address, with a port or without, as logs mostly write it. The filters of raw
// find it however it is written. What is no address stays as it is.
func shortest(address string, port bool) string {
	at := len(address)
	if port {
		at = max(0, strings.LastIndexByte(address, ':'))
	}
	if addr, err := netip.ParseAddr(address[:at]); err == nil && addr.Zone() == "" {
		return addr.Unmap().String() + address[at:]
	}
	return address
}

// allOf is the command that shows all requests for which a condition holds, whether they
// failed or not, "" if there is none: a store may have failures alone.
func allOf(where string, o reportOptions, args []string, in input) string {
	if in.sources == nil {
		return ""
	}
	o.classes = outages // sql has no such flag
	statement := "select time, raw from request where " + where
	word := ingest.ShellWord(statement)
	if strings.Contains(statement, "'") && !strings.ContainsAny(statement, "\"$`\\!") {
		word = `"` + statement + `"` // quotes of SQL need no escapes there
	}
	return command("sql "+word, o, args, in.remote, nil, nil)
}
