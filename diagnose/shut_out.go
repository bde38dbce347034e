package diagnose

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"go4.org/netipx"

	"loglens/internal/amount"
)

var shutOutCheck = Check{
	Name:  "shut-out",
	About: "Whether clients that the logs have come no more, as security groups or network ACLs of the balancer let them in at no listener.",
	Needs: []string{"elasticloadbalancing:DescribeListeners", "ec2:DescribeSecurityGroups", "ec2:GetManagedPrefixListEntries", "ec2:DescribeNetworkAcls", "s3:GetObject"},
	Gives: []string{"clients-shut-out"},
	look:  func(f *facts) []*Finding { return given(f.shutOut()) },
}

// ShutOut counts the requests of clients that came by IPv4, of which most were not refused, and whom the balancer's settings let
// in no more.
type ShutOut struct {
	Requests  int64     `json:"requests"`
	Addresses int64     `json:"addresses"`
	First     time.Time `json:"first"` // zero if none
	Last      time.Time `json:"last"`
	Most      []string  `json:"most,omitempty"`      // networks of those with most requests, the /24 of each, up to five
	Clients   []string  `json:"clients,omitempty"`   // addresses, if these are few
	Encrypted bool      `json:"encrypted,omitempty"` // they are of listeners with TLS
}

// shutOutSQL looks at each address once, and leaves out those of which most requests were refused, as by AWS WAF or for a wrong
// password: who attacks is kept out on purpose. %[1]s is whether a request is of such listeners, %[2]s whether a number, that of
// an address, is of those who are let in.
const shutOutSQL = `
WITH came AS (
	SELECT client_ip, any_value(client_net) AS net, count(*) AS n, min(time) AS first_seen, max(time) AS last_seen
	FROM request WHERE %[1]s GROUP BY client_ip HAVING 2 * count(*) FILTER (elb_status_code BETWEEN 400 AND 499) <= n
),
numbered AS (
	SELECT *, TRY_CAST(split_part(client_ip, '.', 1) AS BIGINT) * 16777216 + TRY_CAST(split_part(client_ip, '.', 2) AS BIGINT) * 65536
		+ TRY_CAST(split_part(client_ip, '.', 3) AS BIGINT) * 256 + TRY_CAST(split_part(client_ip, '.', 4) AS BIGINT) AS number
	FROM came
)
SELECT net, client_ip, count(*) AS addresses, sum(n)::BIGINT AS requests, min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM numbered WHERE NOT (%[2]s) GROUP BY GROUPING SETS ((), (net), (client_ip))
QUALIFY row_number() OVER (PARTITION BY grouping(net), grouping(client_ip) ORDER BY requests DESC, net, client_ip) <= %[3]d
ORDER BY requests DESC, net, client_ip`

// mostRangesAsked is of how many ranges clients may be let in for these to be asked for.
const mostRangesAsked = 300

// shutOut looks whether clients came whom the balancer's settings keep out now: that takes another reading for the listeners
// with TLS, and one for those without, where they do not let in everybody.
func (r *reader) shutOut(s *Snapshot) error {
	f := newFacts(s)
	for _, encrypted := range []bool{false, true} {
		in, ok := f.letInToListeners(encrypted)
		if !ok {
			continue
		}
		ranges := in.Ranges()
		if len(ranges) == 0 || len(ranges) > mostRangesAsked { // nobody at all is another finding
			continue
		}
		var within []string
		for _, one := range ranges {
			within = append(within, fmt.Sprintf("number BETWEEN %d AND %d", asNumber(one.From()), asNumber(one.To())))
		}
		out := ShutOut{Encrypted: encrypted}
		of := map[bool]string{false: "type IN ('http', 'ws')", true: "type NOT IN ('http', 'ws')"}[encrypted]
		err := r.again(fmt.Sprintf(shutOutSQL, of, strings.Join(within, " OR "), fewRanges), func(row []any) {
			net, client := text(row[0]), text(row[1])
			switch {
			case net != "":
				out.Most = append(out.Most, net)
			case client != "":
				out.Clients = append(out.Clients, client)
			default:
				out.Addresses, out.Requests, out.First, out.Last = whole(row[2], 0), whole(row[3], 0), moment(row[4]), moment(row[5])
			}
		})
		if err != nil {
			return err
		}
		if int64(len(out.Clients)) < out.Addresses {
			out.Clients = nil
		}
		if out.Requests > 0 {
			r.logs.ShutOut = append(r.logs.ShutOut, out)
		}
	}
	return nil
}

func asNumber(a netip.Addr) uint32 {
	four := a.As4()
	return binary.BigEndian.Uint32(four[:])
}

// letInToListeners are the addresses of IPv4 that security groups and network ACLs let in to any listener with TLS, or any
// without; ok is false if there is no such listener, if everybody is let in, and if it is not known who is.
func (f *facts) letInToListeners(encrypted bool) (in *netipx.IPSet, ok bool) {
	ids := f.Balancer.SecurityGroups
	if f.Balancer.Type != Application || len(ids) == 0 || f.Network.SecurityGroups == nil {
		return nil, false
	}
	var all netipx.IPSetBuilder
	for _, l := range f.Listeners {
		if l.speaksTLS() != encrypted {
			continue
		}
		openings, known := f.openings(ids, false, "tcp", l.Port)
		var here netipx.IPSetBuilder
		for _, p := range openings {
			ranges, whole := f.ranges(p)
			// Where members of a group are is not known; clients of a Network Load Balancer in front come as one.
			known = known && whole && len(p.Groups) == 0
			for _, r := range family(ranges, false) {
				here.AddPrefix(r)
			}
		}
		if !known {
			return nil, false
		}
		var past netipx.IPSetBuilder
		for _, z := range f.Balancer.Zones {
			if a := f.aclOf(z.Subnet); a != nil {
				past.AddSet(a.in("tcp").admitted(l.Port, all4))
			} else {
				past.AddPrefix(all4)
			}
		}
		here.Intersect(setOf(&past))
		all.AddSet(setOf(&here))
	}
	in = setOf(&all)
	return in, len(in.Ranges()) > 0 && !in.ContainsPrefix(all4)
}

// shutOut says that clients whom the settings keep out came, and do not any more while others do. Whoever scans the internet
// comes a few times.
func (f *facts) shutOut() *Finding {
	if !f.hasAccess() {
		return nil
	}
	var out ShutOut
	for _, o := range f.Logs.ShutOut {
		if f.comesNoMore(o.Requests, o.First, o.Last) && o.Requests > out.Requests {
			out = o
		}
	}
	since := f.requestsAfter(out.Last)
	until := f.requests() - since
	if out.Requests < fewRequests || since == 0 || float64(out.Requests) < fewFailures*float64(until) {
		return nil
	}
	who := "Clients of " + few(out.Most)
	if len(out.Clients) > 0 {
		who = "Clients at " + strings.Join(out.Clients, ", ")
	} else if nets := int64(len(out.Most)); nets == fewRanges && out.Addresses > nets {
		who = fmt.Sprintf("Clients at %d addresses, such as those of %s,", out.Addresses, few(out.Most))
	}
	found := finding("clients-shut-out", fmt.Sprintf("%s came until %s UTC, and none since: the balancer's settings do not let them in now.", who, f.clock(out.Last)))
	found.Confidence = High
	if !manyOf(out.Requests, until) {
		found.Level = Warn
	}
	found.because(FromLog, fmt.Sprintf("%s came from there, the last at %s UTC: %s of all until then, and none of %s since", amount.Of(out.Requests, "request", "requests"), f.clock(out.Last),
		percent(float64(out.Requests)/float64(max(until, 1)), 1), amount.Of(since, "other", "others")))
	found.ruined = since * out.Requests / max(until-out.Requests, 1) // if it had gone on
	f.whoKeepsOut(found, out)
	return found
}

// whoKeepsOut names the settings that keep clients out, by those that came most often, and lets them in again by rules of
// security groups, if they are few.
func (f *facts) whoKeepsOut(found *Finding, out ShutOut) {
	ids := f.Balancer.SecurityGroups
	clients := prefixes(out.Most)
	if len(out.Clients) > 0 {
		clients = nil
		for _, c := range out.Clients {
			if a, err := netip.ParseAddr(c); err == nil {
				clients = append(clients, single(a))
			}
		}
	}
	chosen := false // by an entry of an ACL that is for some, as for whoever attacks
	for _, l := range f.Listeners {
		if l.speaksTLS() != out.Encrypted {
			continue
		}
		found.because(FromConfig, f.rulesFor(ids, false, "tcp", l.Port))
		for _, client := range clients {
			if f.permits(ids, false, "tcp", l.Port, peer{addresses: []netip.Prefix{client}}) == refused && len(out.Clients) > 0 {
				f.authorize(found, oneOf(ids, f.openOn("tcp", l.Port)), false, "tcp", l.Port, l.Port, client.String())
			}
			for _, z := range f.Balancer.Zones {
				if a := f.aclOf(z.Subnet); a != nil {
					for _, r := range a.in("tcp").shuts(l.Port, l.Port, client) {
						found.because(FromConfig, a.ID+": "+r.entry.words())
						chosen = chosen || r.entry.Number < lastNumber && !everybody(r.entry.CIDR)
					}
				}
			}
		}
	}
	if chosen && len(found.Fix) == 0 {
		found.Level, found.ruined = Warn, 0
		found.Do = "nothing, if somebody means to keep these clients out; otherwise see who made that entry, and let them in again"
	}
}
