package diagnose

import (
	"slices"
	"time"
)

// Report is what a Snapshot says. Its texts hold names out of AWS and out of logs,
// which are hostile: whoever prints them makes them harmless.
type Report struct {
	Taken       time.Time
	From, Until time.Time // half-open
	Role        string    // whose credentials the commands need, see Snapshot
	ExternalID  string    // that the role is assumed with
	Balancer    Balancer
	Observed    Observed
	Path        []Station
	Findings    []*Finding // the answer first
	Missing     []Missing
	Calls       []CallCount
}

// Observed is what the logs of the window show.
type Observed struct {
	Logs      bool   // there are access logs; otherwise the numbers mean nothing
	Target    string // that was asked about, the only one whose requests are counted, beside those to none; "" for all
	Requests  int64
	Failures  int64 // those that top-errors counts, and 464: a protocol that does not fit
	Explained int64 // failures that at least one finding explains

	NotCounted []NotCounted // what clients and policies did, the most first
}

// NotCounted is a reason whose requests are none of the failures that are counted: 460,
// for one. They may be all that is seen of targets that hang, where clients have less
// patience than the balancer.
type NotCounted struct {
	Reason   string `json:"reason"`
	Class    string `json:"class"`
	Requests int64  `json:"requests"`
}

// Station is a hop and what is known of it.
type Station struct {
	Hop      Hop      `json:"hop"`
	State    State    `json:"state"`
	Evidence []string `json:"evidence"`
}

// State says whether a request passes a hop.
type State string

// A hop is unknown where it could not be looked at.
const (
	Pass    State = "pass"
	Warned  State = "warn"
	Failed  State = "fail"
	Unknown State = "unknown"
)

// Finding is something that is wrong, or worth knowing.
type Finding struct {
	ID         string
	Level      Level
	Hop        Hop
	Sentence   string
	Do         string // what mends it, in words: its Kind's, unless the evidence says otherwise
	Evidence   []Evidence
	Explains   int64 // failures of the logs that it accounts for
	Confidence Confidence
	BecauseOf  []string // ids of findings that account for it wholly
	Rivals     []Rival
	Fix        []string // commands, never run by loglens
	Undo       []string // commands that restore what is there now
	Verify     []string // commands that look closer
	Groups     []string // names of target groups
	Targets    []string // as logs name them: IP:PORT, or an id where the address is not known

	share    func(Failure) int64 // how many of these failures it explains; nil for none
	admitted []string            // other ends and ports that Fix lets through already
	keptOut  []string            // subnets of the balancer whose nodes are not let in, where others are
	when     []spell             // when its failures came, where a check has looked at that
	unseen   bool                // it is about traffic of which health checks say nothing
	over     bool                // it is told in the past
	partly   int64               // of the failures that it explains, those that others account for, if these do not wholly
	apart    func(Failure) bool  // which requests that the balancer answered with 5xx are its own, and no failures of the logs; nil for none
	ruined   int64               // requests that are no failures of the logs: led in a circle, given up, not logged in, not logged yet, or counted by metrics alone
}

// Confidence says how sure a finding is.
type Confidence string

// High rests on a setting and on what is observed, or on one of them that settles it, medium
// on one of them, low on what other causes would show as well.
const (
	High   Confidence = "high"
	Medium Confidence = "medium"
	Low    Confidence = "low"
)

// Evidence is a fact that a finding rests on.
type Evidence struct {
	Source Source `json:"source"`
	Text   string `json:"text"`
}

// Source says where a fact is from.
type Source string

// The sources of facts.
const (
	FromConfig Source = "config"
	FromHealth Source = "health"
	FromMetric Source = "metric"
	FromLog    Source = "log"
	FromProbe  Source = "probe"
)

// Rival is another cause that would show the same and is not excluded.
type Rival struct {
	ID  string `json:"id"` // of the finding that it would be; "" if it cannot be seen from AWS
	Why string `json:"why"`
}

// Wrong reports whether anything is wrong: a note is nothing wrong.
func (r *Report) Wrong() bool {
	return slices.ContainsFunc(r.Findings, func(f *Finding) bool { return f.Level != Note })
}

// on adds a target to what a finding is about.
func (f *Finding) on(e endpoint) {
	f.onGroup(e.group)
	f.Targets = add(f.Targets, e.name())
}

// has reports whether a target is among those.
func (f *Finding) has(e endpoint) bool {
	return slices.Contains(f.Targets, e.name()) && slices.Contains(f.Groups, e.group.Name)
}

func (f *Finding) onGroup(g *Group) { f.Groups = add(f.Groups, g.Name) }

func (f *Finding) because(source Source, text string) {
	f.Evidence = add(f.Evidence, Evidence{source, text})
}

func (f *Finding) rival(id, why string) { f.Rivals = append(f.Rivals, Rival{id, why}) }

// tellAsOver makes a finding a warning of what is over.
func (f *Finding) tellAsOver() { f.Level, f.over = Warn, true }

// mend adds a command that mends it, and the one that takes that back.
func (f *Finding) mend(fix, undo string) { f.Fix, f.Undo = append(f.Fix, fix), append(f.Undo, undo) }

// add appends what is not there yet.
func add[T comparable](list []T, one T) []T {
	if slices.Contains(list, one) {
		return list
	}
	return append(list, one)
}
