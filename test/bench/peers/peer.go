package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"loglens/test/internal/measure"
)

// key is what failures are counted by. What a tool cannot tell is "".
type key struct{ target, status, targetStatus, reason string }

// answer is what a tool made of the logs.
type answer struct {
	lines    int64 // it has counted as requests
	failures map[key]int64
}

func (a answer) total() (n int64) {
	for _, count := range a.failures {
		n += count
	}
	return n
}

// peer is a tool that is asked for failures by target.
type peer struct {
	name    string
	command func(files []string) []string
	count   func(files []string) []string   // counts the lines it keeps, if command does not
	read    func(io.Reader) (answer, error) // what they print; nil if it gives no answer
	slow    bool                            // it is asked about the smallest share only
	lacks   string                          // what its answer cannot have
	exact   bool                            // its answer must be ours
}

// programs are what the tools are made of, each in Debian's package of its name,
// and how they tell their version.
var programs = [][]string{{"gzip", "--version"}, {"mawk", "-W", "version"}, {"pigz", "--version"}, {"lnav", "-V"}, {"goaccess", "--version"}}

// absent is how logs, and all answers here, say that there is nothing.
const absent = "-"

// peers are the tools, the one that is measured first.
func peers(bin, home string) []*peer {
	ask := func(words ...string) func([]string) []string {
		return func(files []string) []string { return slices.Concat(words, files) }
	}
	return []*peer{
		{name: "loglens top-errors", read: readLoglens, exact: true, command: ask(bin, "top-errors", "--by", "target,elb_status_code,target_status_code,reason",
			"--class", "all", "--limit", "0", "--output", "json")},
		{name: "inflate only (klauspost)", lacks: "looks at nothing", command: ask(measure.Beside("inflate"))},
		{name: "DuckDB read_csv", read: readRows, exact: true, command: ask(measure.Beside("readcsv")), count: ask(measure.Beside("readcsv"), "-lines")},
		{name: "zcat | mawk", read: readRows, exact: true, command: ask("test/bench/peers/awk.sh", "zcat")},
		{name: "pigz | mawk", read: readRows, exact: true, command: ask("test/bench/peers/awk.sh", "pigz -dcp1")},
		{name: "lnav", read: readLnav, slow: true, lacks: "no logged reason",
			command: ask("env", "HOME="+home, "lnav", "-n", "-N",
				"-c", ";SELECT count(*) FROM alb_log", "-c", ":write-csv-to -",
				"-c", ";SELECT target_ip, target_port, elb_status_code, target_status_code, count(*) FROM alb_log WHERE elb_status_code >= 500 GROUP BY 1, 2, 3, 4", "-c", ":write-csv-to -")},
		{name: "goaccess", read: readGoAccess, slow: true, lacks: "no target, no logged reason",
			command: ask("bash", "-c", `zcat "$@" | goaccess --no-global-config --no-progress --log-format=AWSALB `+onlyStatusCodes+` -o json -`, "goaccess")},
	}
}

// onlyStatusCodes spares goaccess all other panels.
var onlyStatusCodes = "--ignore-panel=" + strings.Join([]string{"VISITORS", "REQUESTS", "REQUESTS_STATIC", "NOT_FOUND", "HOSTS", "OS", "BROWSERS",
	"VISIT_TIMES", "VIRTUAL_HOSTS", "REFERRERS", "REFERRING_SITES", "KEYPHRASES", "REMOTE_USER", "CACHE_STATUS", "GEO_LOCATION", "MIME_TYPE", "TLS_TYPE"}, " --ignore-panel=")

// readLoglens takes the failures that the balancer answered with 5xx: the
// question that every tool can be asked. A reason that is not logged is loglens's
// own.
func readLoglens(r io.Reader) (answer, error) {
	var out struct {
		Accounting struct{ Parsed int64 }
		Rows       []struct {
			Target           *string
			Reason           string
			ReasonSource     string `json:"reason_source"`
			ELBStatusCode    *int   `json:"elb_status_code"`
			TargetStatusCode *int   `json:"target_status_code"`
			Failures         int64
		}
	}
	if err := json.NewDecoder(r).Decode(&out); err != nil {
		return answer{}, err
	}
	a := answer{out.Accounting.Parsed, make(map[key]int64)}
	for _, row := range out.Rows {
		if row.ELBStatusCode == nil || *row.ELBStatusCode < 500 {
			continue
		}
		k := key{absent, strconv.Itoa(*row.ELBStatusCode), absent, absent}
		if row.Target != nil {
			k.target = *row.Target
		}
		if row.TargetStatusCode != nil {
			k.targetStatus = strconv.Itoa(*row.TargetStatusCode)
		}
		if row.ReasonSource == "logged" {
			k.reason = row.Reason
		}
		a.failures[k] += row.Failures
	}
	return a, nil
}

// readRows reads rows of target, statuses, reason and count, and one of "lines"
// and their number, with tabs between.
func readRows(r io.Reader) (answer, error) {
	a := answer{failures: make(map[key]int64)}
	rows, err := tabled(r, '\t')
	for _, f := range rows {
		n, err := strconv.ParseInt(f[len(f)-1], 10, 64)
		switch {
		case err != nil:
			return a, err
		case f[0] == "lines":
			a.lines = n
		case len(f) == 5:
			a.failures[key{f[0], f[1], f[2], f[3]}] += n
		default:
			return a, fmt.Errorf("a row of %d fields", len(f))
		}
	}
	return a, err
}

func tabled(r io.Reader, comma rune) ([][]string, error) {
	t := csv.NewReader(r)
	t.Comma, t.FieldsPerRecord = comma, -1
	return t.ReadAll()
}

// readLnav reads two tables, of one column and of five, each under a head. A
// status that is not there is 0.
func readLnav(r io.Reader) (answer, error) {
	a := answer{failures: make(map[key]int64)}
	rows, err := tabled(r, ',')
	for _, f := range rows {
		n, err := strconv.ParseInt(f[len(f)-1], 10, 64)
		switch {
		case err != nil: // a head
		case len(f) == 1:
			a.lines = n
		case len(f) == 5:
			k := key{target: f[0] + ":" + f[1], status: f[2], targetStatus: f[3]}
			if f[0] == "" || f[0] == absent {
				k.target = absent
			}
			if f[3] == "0" {
				k.targetStatus = absent
			}
			a.failures[k] += n
		}
	}
	return a, err
}

// readGoAccess takes the panel of status codes, of which those of a class stand
// below it.
func readGoAccess(r io.Reader) (answer, error) {
	var out struct {
		General struct {
			Valid int64 `json:"valid_requests"`
		}
		StatusCodes struct {
			Data []struct {
				Items []struct {
					Hits struct{ Count int64 }
					Data string // "502 - Bad Gateway: …"
				}
			}
		} `json:"status_codes"`
	}
	if err := json.NewDecoder(r).Decode(&out); err != nil {
		return answer{}, err
	}
	a := answer{out.General.Valid, make(map[key]int64)}
	for _, class := range out.StatusCodes.Data {
		for _, item := range class.Items {
			if status, _, _ := strings.Cut(item.Data, " "); status >= "500" {
				a.failures[key{status: status}] += item.Hits.Count
			}
		}
	}
	return a, nil
}
