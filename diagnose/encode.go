package diagnose

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/report"
)

// Encoders are the forms of a report.
var Encoders = report.Forms[*Report]{
	{Name: "table", Encode: encodeTable},
	{Name: "json", Encode: encodeJSON},
	{Name: "markdown", Encode: encodeMarkdown},
}

// reportSchema names the envelope: within a version keys are only ever added.
const reportSchema = "loglens.diagnose/1"

// The envelope of --output json. A list is never null.
type (
	jsonReport struct {
		Schema   string        `json:"schema"`
		Taken    string        `json:"taken"`
		Window   jsonWindow    `json:"window"`
		Role     *string       `json:"role"` // null if none was assumed
		Balancer jsonBalancer  `json:"load_balancer"`
		Observed *jsonObserved `json:"observed"` // null without access logs
		Path     []Station     `json:"path"`
		Findings []jsonFinding `json:"findings"`
		Missing  []jsonMissing `json:"not_checked"`
		Calls    jsonCalls     `json:"calls"`
	}
	jsonWindow struct {
		From string `json:"from"`
		To   string `json:"to"`
	}
	jsonBalancer struct {
		Name    string `json:"name"`
		ARN     string `json:"arn"`
		Type    string `json:"type"`
		DNSName string `json:"dns_name"`
	}
	jsonObserved struct {
		Target    *string `json:"target"` // null where none was asked about
		Requests  int64   `json:"requests"`
		Failures  int64   `json:"failures"`
		Explained int64   `json:"explained"`

		NotCounted []NotCounted `json:"not_counted"`
	}
	jsonFinding struct {
		ID         string     `json:"id"`
		Level      Level      `json:"level"`
		Hop        Hop        `json:"hop"`
		Sentence   string     `json:"sentence"`
		Evidence   []Evidence `json:"evidence"`
		Explains   int64      `json:"explains"`
		Confidence Confidence `json:"confidence"`
		BecauseOf  []string   `json:"because_of"`
		Rivals     []Rival    `json:"rivals"`
		Do         string     `json:"do"`
		Fix        []string   `json:"fix"`
		Undo       []string   `json:"undo"`
		Verify     []string   `json:"verify"`
		Groups     []string   `json:"target_groups"`
		Targets    []string   `json:"targets"`
	}
	jsonMissing struct {
		What       string `json:"what"`
		Permission string `json:"permission"`
		Why        string `json:"why"`
	}
	jsonCalls struct {
		Total    int            `json:"total"`
		ByAction map[string]int `json:"by_action"`
	}
)

func encodeJSON(w io.Writer, r *Report, _ report.Style) error {
	out := jsonReport{
		Schema: reportSchema, Taken: r.Taken.UTC().Format(time.RFC3339),
		Window:   jsonWindow{r.From.UTC().Format(time.RFC3339), r.Until.UTC().Format(time.RFC3339)},
		Balancer: jsonBalancer{r.Balancer.Name, r.Balancer.ARN, r.Balancer.Type, r.Balancer.DNSName},
		Path:     []Station{}, Findings: []jsonFinding{}, Missing: []jsonMissing{},
		Calls: jsonCalls{ByAction: map[string]int{}},
	}
	if o := r.Observed; o.Logs {
		out.Observed = &jsonObserved{nil, o.Requests, o.Failures, o.Explained, list(o.NotCounted)}
		if o.Target != "" {
			out.Observed.Target = &o.Target
		}
	}
	if r.Role != "" {
		out.Role = &r.Role
	}
	for _, s := range r.Path {
		out.Path = append(out.Path, Station{s.Hop, s.State, list(s.Evidence)})
	}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, jsonFinding{
			ID: f.ID, Level: f.Level, Hop: f.Hop, Sentence: f.Sentence, Evidence: list(f.Evidence), Explains: f.Explains, Confidence: f.Confidence,
			BecauseOf: list(f.BecauseOf), Rivals: list(f.Rivals), Do: f.Do, Fix: list(f.Fix), Undo: list(f.Undo), Verify: list(f.Verify),
			Groups: list(f.Groups), Targets: list(f.Targets),
		})
	}
	for _, m := range r.Missing {
		out.Missing = append(out.Missing, jsonMissing{m.What, m.Action, m.Why})
	}
	for _, c := range r.Calls {
		out.Calls.Total += c.Count
		out.Calls.ByAction[c.Action] = c.Count
	}
	return writeJSON(w, out)
}

// list is a copy that is never nil.
func list[T any](s []T) []T { return append([]T{}, s...) }

// writeJSON writes a value in one call, for people and programs alike.
func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("encode JSON: %w", err)
	}
	_, err := w.Write(report.HarmlessJSON(b.Bytes()))
	return err
}

// Write saves a snapshot, without what in a health check's path may be a secret.
func (s *Snapshot) Write(w io.Writer) error {
	out := *s
	out.Groups, out.Idle = withoutSecrets(s.Groups), withoutSecrets(s.Idle)
	return writeJSON(w, out)
}

func withoutSecrets(groups []Group) []Group {
	groups = slices.Clone(groups)
	for i := range groups {
		groups[i].Check.Path = redacted(groups[i].Check.Path)
	}
	return groups
}

// Read reads a saved snapshot.
func Read(r io.Reader) (*Snapshot, error) {
	var s Snapshot
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return nil, fmt.Errorf("not a saved snapshot: %w", err)
	}
	if s.Schema != SnapshotSchema {
		return nil, fmt.Errorf("not a saved snapshot of this version: its schema is %q, not %q", s.Schema, SnapshotSchema)
	}
	return &s, nil
}

// headline says of what and when a report is.
func (r *Report) headline() string {
	return fmt.Sprintf("%s · %s load balancer · %s", cmp.Or(r.Balancer.ID, r.Balancer.Name), r.Balancer.Type,
		when.Window{From: r.From, Until: r.Until})
}

// verdict sums a report up.
func (r *Report) verdict() string {
	n, open := 0, 0
	for _, f := range r.Findings {
		if f.Level != Note {
			n++
		}
	}
	for _, hop := range r.Path {
		if hop.State == Unknown {
			open++
		}
	}
	text := "nothing wrong was found"
	switch {
	case n > 0:
		text = amount.Of(n, "finding", "findings")
	case open > 0:
		text += fmt.Sprintf(", but %d of %d hops are not known", open, len(r.Path))
	}
	if o := r.Observed; o.Logs {
		to := ""
		if o.Target != "" {
			to = " to " + o.Target + " or to no target"
		}
		text += fmt.Sprintf(" · %d of %s%s in the logs failed", o.Failures, amount.Of(o.Requests, "request", "requests"), to)
		if o.Failures > 0 {
			text += fmt.Sprintf(", %d of them explained", o.Explained)
		}
	}
	return text
}

// answer is what is wrong, in the sentence of the first finding; "" if nothing is. It stands
// before the way there, which fills a screen.
func (r *Report) answer() string {
	if len(r.Findings) == 0 || r.Findings[0].Level == Note {
		return ""
	}
	return "1. " + r.Findings[0].Sentence
}

// runAs says whose credentials the commands need, if an option of theirs cannot; "" if one
// does, or there are none.
func (r *Report) runAs() string {
	ofAWS := func(f *Finding) bool {
		return slices.ContainsFunc(slices.Concat(f.Fix, f.Verify), func(c string) bool { return strings.HasPrefix(c, "aws ") })
	}
	if r.Role == "" || !slices.ContainsFunc(r.Findings, ofAWS) {
		return ""
	}
	how := "aws sts assume-role gives them"
	if r.ExternalID != "" {
		how = "aws sts assume-role --external-id " + ingest.ShellWord(r.ExternalID) + " gives them"
	}
	return "run the aws commands with the credentials of " + r.Role + ", as which loglens has asked: " + how
}

// notCounted names the reasons of requests that are in no number of the verdict; "" if
// there are none.
func (o Observed) notCounted() string {
	const most = 4
	var reasons []string
	rest := int64(0)
	for i, n := range o.NotCounted {
		if i < most {
			reasons = append(reasons, fmt.Sprintf("%s %d", n.Reason, n.Requests))
		} else {
			rest += n.Requests
		}
	}
	if rest > 0 {
		reasons = append(reasons, fmt.Sprintf("and %s %d", amount.Of(len(o.NotCounted)-most, "other reason", "other reasons"), rest))
	}
	if len(reasons) == 0 {
		return ""
	}
	return "not counted, of the classes client and policy: " + strings.Join(reasons, " · ")
}

// remarks are what has to be said beside the answer.
func (r *Report) remarks() []string {
	return slices.DeleteFunc([]string{r.Observed.notCounted(), r.runAs()}, func(text string) bool { return text == "" })
}

// labelled are commands, and what they are for.
type labelled struct {
	label    string
	commands []string
}

// commands are those of a finding, of the kinds that it has.
func (f *Finding) commands() []labelled {
	return slices.DeleteFunc([]labelled{{"fix", f.Fix}, {"undo", f.Undo}, {"look closer", f.Verify}}, func(l labelled) bool { return len(l.commands) == 0 })
}

// about says of which targets a finding is.
func (f *Finding) about() string {
	switch {
	case len(f.Targets) > 0 && len(f.Groups) > 0:
		return few(f.Targets) + " of " + few(f.Groups)
	case len(f.Targets) > 0:
		return few(f.Targets)
	}
	return few(f.Groups)
}

// weight says how much a finding matters.
func (f *Finding) weight(o Observed) string {
	text := string(f.Confidence) + " confidence"
	if f.Explains > 0 {
		text += fmt.Sprintf(", explains %d of %s", f.Explains, amount.Of(o.Failures, "failure", "failures"))
	}
	if len(f.BecauseOf) > 0 {
		text += ", because of " + strings.Join(f.BecauseOf, ", ")
	}
	return text
}

// ownFact is what is shown of a finding that others account for: how much was counted of it, where no number of
// failures says as much.
func (f *Finding) ownFact() []Evidence {
	at := slices.IndexFunc(f.Evidence, func(e Evidence) bool { return e.Source == FromLog || e.Source == FromMetric })
	if at < 0 || f.Explains > 0 || f.Level == Note {
		return nil
	}
	return f.Evidence[at : at+1]
}

// words are a rival's.
func (r Rival) words() string {
	if r.ID == "" {
		return r.Why
	}
	return r.ID + ": " + r.Why
}

// words are those of what was not answered.
func (m Missing) words() string {
	if m.Denied {
		return m.What + ": allow " + m.Action
	}
	return m.What + ": " + m.Why
}
