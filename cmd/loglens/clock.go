package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"loglens/ingest"
	"loglens/internal/when"
)

// timedWindow is window by the clock of AWS, if one of the sources is in S3.
func (a *app) timedWindow(ctx context.Context, o readOptions, in input) (when.Window, error) {
	err := a.mistyped(o, in.remote)
	if err == nil {
		err = ingest.LearnTime(ctx, in.sources)
	}
	if err != nil {
		return when.Window{}, err
	}
	a.keepTime(o.source.aws.Clock)
	w, err := a.window(o, in.remote)
	if err == nil && !w.From.IsZero() && in.created.After(w.From) { // it may have taken the place of another
		words := []string{"--lb", o.source.balancer}
		for _, spec := range in.specs {
			words = append(words, ingest.ShellWord(spec))
		}
		a.say("load balancer %s was created at %s; what another of this name logged before is read with %s",
			o.source.balancer, in.created.UTC().Format(endForm), strings.Join(words, " "))
	}
	return w, err
}

// mistyped is what is wrong with the window whatever time it is. That is an error before
// anything is asked of AWS; whether a time lies in the future is not known until AWS has
// said what time it is.
func (a *app) mistyped(o readOptions, remote bool) error {
	_, _, err := a.resolve(o, remote)
	var untimely *when.UntimelyError
	if errors.As(err, &untimely) {
		return nil
	}
	return err
}

// closeEnough is how far the clock here may be from that of AWS.
const closeEnough = time.Minute

// keepTime sets the clock by that of AWS if they differ, and says so. Times that are
// relative to now have to be resolved after it.
func (a *app) keepTime(c *ingest.Clock) {
	off, known := c.Off()
	if !known || off.Abs() <= closeEnough {
		return
	}
	side := "behind"
	if off < 0 {
		side = "ahead of"
	}
	a.say("warning: the clock of this machine is %s %s that of AWS; the clock of AWS is used", when.FormatDuration(off.Abs().Round(time.Minute)), side)
	here := a.now
	a.now = func() time.Time { return here().Add(off) }
}
