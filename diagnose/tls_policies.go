package diagnose

import (
	"regexp"
	"slices"
	"strings"
)

// takenBy reports whether policies of the listeners take a version of TLS, all of them or none, as far as their names tell;
// known is false if these differ, or do not tell.
func (f *facts) takenBy(protocol string) (taken, known bool) {
	for i, l := range slices.DeleteFunc(slices.Clone(f.Listeners), func(l Listener) bool { return !l.speaksTLS() }) {
		takes, told := policyTakes(l.Policy, protocol)
		if !told || i > 0 && takes != taken {
			return false, false
		}
		taken, known = takes, true
	}
	return taken, known
}

var policyName = regexp.MustCompile(`^ELBSecurityPolicy-(TLS13|TLS|FS)-1-([0-3])-`)

// policyTakes reports whether a policy takes a version of TLS, in the words of a log, by the policy's name: that has the
// oldest version, and whether the newest is 1.3.
//
// Source: AWS, "Security policies for your Application Load Balancer" and the same of Network Load Balancers, read 2026-11.
func policyTakes(policy, protocol string) (takes, known bool) {
	oldest, newest := "0", "2"
	switch name := policyName.FindStringSubmatch(policy); {
	case name != nil:
		if oldest = name[2]; name[1] == "TLS13" {
			newest = "3"
		}
	case !slices.Contains([]string{"ELBSecurityPolicy-2015-05", "ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-FS-2018-06"}, policy):
		return false, false
	}
	version, ok := versionsOfTLS[strings.ToLower(protocol)]
	return oldest <= version && version <= newest, ok
}

// versionsOfTLS are what follows "1." in versions of TLS, by how logs write these in small letters.
var versionsOfTLS = map[string]string{"tlsv1": "0", "tlsv10": "0", "tlsv1.1": "1", "tlsv11": "1", "tlsv1.2": "2", "tlsv12": "2", "tlsv1.3": "3", "tlsv13": "3"}
