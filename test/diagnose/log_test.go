//go:build moto

package diagnose

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// entry is the outcome as a line of an access log.
func (o *outcome) entry(s *setup) string {
	kind, scheme, port := "http", "http", o.listener.Port
	cipher, version, domain, certificate := "-", "-", "-", "-"
	if o.listener.Protocol == "HTTPS" {
		kind, scheme = "https", "https"
		cipher, version, domain, certificate = "TLS_AES_128_GCM_SHA256", "TLSv1.3", o.traffic.Host, "session-reused"
	}
	protocol := "HTTP/1.1"
	switch o.traffic.HTTP {
	case "2":
		kind, protocol = "h2", "HTTP/2.0"
	case "grpc":
		kind, protocol = "grpcs", "HTTP/2.0"
	}
	group := "-"
	if o.group != nil {
		group = o.group.ARN
	}
	text := func(s string) string { return cmp.Or(s, "-") }
	status := func(n int) string {
		if n == 0 {
			return "-"
		}
		return strconv.Itoa(n)
	}
	seconds := func(d time.Duration) string {
		if d < 0 {
			return "-1"
		}
		return strconv.FormatFloat(d.Seconds(), 'f', 3, 64)
	}
	const clock = "2006-01-02T15:04:05.000000Z"
	return strings.Join([]string{
		kind, o.at.UTC().Format(clock), s.id, "198.51.100.7:" + strconv.Itoa(20000+int(o.at.UnixNano()/1000%40000)), text(o.target),
		seconds(o.times.request), seconds(o.times.target), seconds(o.times.response),
		strconv.Itoa(o.status), status(o.answer), "240", "512",
		fmt.Sprintf(`"GET %s://%s:%d%s %s"`, scheme, o.traffic.Host, port, o.traffic.Path, protocol), `"curl/8.14.1"`,
		cipher, version, group, `"Root=1-` + hex(8) + "-" + hex(24) + `"`, `"` + domain + `"`, `"` + certificate + `"`,
		text(o.rule), o.at.Add(-o.took).UTC().Truncate(time.Millisecond).Format(clock), `"` + text(o.action) + `"`, `"-"`, `"` + text(o.reason) + `"`,
		`"` + text(o.target) + `"`, `"` + status(o.answer) + `"`, `"-"`, `"-"`, "TID_" + hex(32),
		`"-"`, `"-"`, `"-"`, o.node, `"-"`, `"-"`,
	}, " ") + "\n"
}

// line is a line of a log and what its object is named after.
type line struct {
	at         time.Time
	node, text string
}

// accessLog are the lines of what came of the requests.
func (b *balancer) accessLog() []line {
	var lines []line
	for i := range b.done {
		o := &b.done[i]
		text := o.entry
		if b.classic {
			text = o.classicEntry
		}
		lines = append(lines, line{o.at, o.node, text(b.setup)})
	}
	return lines
}

// deliver writes lines to the objects that a balancer would have written: one for
// five minutes and a node. The names of some kinds of log begin with a word. Every
// so many objects one is lost.
func deliver(ctx context.Context, s *setup, bucket, word string, lines []line, lost int) error {
	objects := map[string][]line{}
	for _, l := range lines {
		end := l.at.UTC().Truncate(5 * time.Minute).Add(5 * time.Minute)
		name := fmt.Sprintf("AWSLogs/%s/elasticloadbalancing/%s/%s/%s%s_elasticloadbalancing_%s_%s_%s_%s_",
			s.account, region, end.Format("2006/01/02"), word, s.account, region, strings.ReplaceAll(s.id, "/", "."), end.Format("20060102T1504Z"), l.node)
		objects[name] = append(objects[name], l)
	}
	for i, name := range slices.Sorted(maps.Keys(objects)) {
		if lost > 0 && i%lost == 0 {
			continue
		}
		list := objects[name]
		slices.SortFunc(list, func(a, b line) int { return a.at.Compare(b.at) })
		var text, packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		for _, l := range list {
			text.WriteString(l.text)
		}
		_, err := w.Write(text.Bytes())
		if err := errors.Join(err, w.Close()); err != nil {
			return err
		}
		body, end := packed.Bytes(), ".log.gz"
		if s.classic { // these are not packed
			body, end = text.Bytes(), ".log"
		}
		if _, err := send(ctx, s.account, "s3", http.MethodPut, "/"+bucket+"/"+name+hex(8)+end, nil, body); err != nil {
			return err
		}
	}
	return nil
}

// connectionLog are the lines of the connections of two clients, twice in a minute each: one of them is refused for a
// reason since the middle of the window.
func (s *setup) connectionLog(network, reason string, from, to time.Time) []line {
	var lines []line
	for at, i := from, 0; at.Before(to); at, i = at.Add(30*time.Second), i+1 {
		for _, client := range []string{"well", "cut-off"} {
			took, status, node := "0.012", "Success", network+"."+strconv.Itoa(i%2)+".5"
			if client == "cut-off" && at.Sub(from) >= to.Sub(from)/2 {
				took, status = "-", "Failed:"+reason
			}
			lines = append(lines, line{at, node, fmt.Sprintf(`%s 198.51.100.%d 40000 443 TLSv1.3 TLS_AES_128_GCM_SHA256 %s "CN=%s.example" NotBefore=2020-01-01T00:00:00Z;NotAfter=%s 0A1B %s TID_%s x25519 %s %s`+"\n",
				at.UTC().Format("2006-01-02T15:04:05.000000Z"), len(client), took, client, from.Add(to.Sub(from)/2).UTC().Format(time.RFC3339), status, hex(32), s.id, node)})
		}
	}
	return lines
}

// healthLog probes each target of each group as often as its checks of the window,
// but at most a number of times, and returns the lines that the balancer writes of it.
func (s *setup) healthLog(ctx context.Context, network string, from, to time.Time, most int) []line {
	reasons := map[string]string{"Target.Timeout": "TimedOut", "Target.ResponseCodeMismatch": "ResponseCodeMismatch", "Target.FailedHealthChecks": "ConnectionReset"}
	var lines []line
	for _, g := range s.groups {
		for _, t := range g.targets {
			if t.State != "healthy" && t.State != "unhealthy" {
				continue
			}
			port := t.Port
			if n, err := strconv.Atoi(g.HealthPort); err == nil {
				port = n
			}
			p := probe{Address: t.address, Port: port, Protocol: g.HealthWith, Version: g.Version, Path: g.Path, Timeout: g.Timeout, Codes: cmp.Or(g.Codes, g.GRPC)}
			step := max(time.Duration(g.Interval)*time.Second, to.Sub(from)/time.Duration(most))
			for i := 0; from.Add(step * time.Duration(i)).Before(to); i++ {
				at, node := from.Add(step*time.Duration(i)), network+"."+strconv.Itoa(i%2)+".5"
				h := p.check(ctx)
				verdict, reason, code := "PASS", "-", "-"
				if h.State != "healthy" {
					verdict, reason = "FAIL", reasons[h.Reason]
				}
				if h.code > 0 {
					code = strconv.Itoa(h.code)
					if h.code >= 500 && reason != "-" {
						reason = "TargetError"
					}
				}
				lines = append(lines, line{at, node, fmt.Sprintf("%s %s %.9f %s:%d %s %s %s %s %s %s\n",
					strings.ToLower(g.HealthWith), at.UTC().Format("2006-01-02T15:04:05.000000Z"), h.took.Seconds(),
					t.address, port, g.Name, verdict, code, reason, s.id, node)})
			}
		}
	}
	return lines
}
