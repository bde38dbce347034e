//go:build moto

package diagnose

import ("testing";"net/http";"net/url")

func TestZZ(t *testing.T) {
	b := buildBase(t, "alb-instances", "zz", nil)
	g := newGate(t, b.account)
	g.answer = func(w http.ResponseWriter, asked string, _ url.Values) bool { return asked == "s3:GetObject" && denied(w, asked) }
	o, e, st := diagnose(t, g, "--lb", b.name, "--since", "1h", "--output", "table")
	t.Log(o, e, st, g.counts())
	g2 := newGate(t, b.account)
	o, e, st = diagnose(t, g2, "--lb", b.name, "--since", "1h", "--output", "table")
	t.Log(o, e, st, g2.counts())
	o, e, st = diagnose(t, g2, "--lb", b.name, "--since", "1h", "--save", "/tmp/o/zz/snap.json")
}
