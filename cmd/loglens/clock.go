package main

import (
	"context"
	"time"

	"loglens/ingest"
	"loglens/internal/when"
)

// timedWindow is window by the clock of AWS, if one of the sources is in S3.
func (a *app) timedWindow(ctx context.Context, o readOptions, in input) (when.Window, error) {
	w, err := a.window(o, in.remote) // what was mistyped is told before anybody is asked
	if err != nil {
		return w, err
	}
	if err := ingest.LearnTime(ctx, in.sources); err != nil {
		return w, err
	}
	return a.rightWindow(o, in.remote, w)
}

// rightWindow is w, or the window anew if AWS has told that the clock here is wrong.
func (a *app) rightWindow(o readOptions, remote bool, w when.Window) (when.Window, error) {
	if !a.keepTime(o.source.aws.Clock) {
		return w, nil
	}
	return a.window(o, remote)
}

// closeEnough is how far the clock here may be from that of AWS.
const closeEnough = time.Minute

// keepTime sets the clock by that of AWS if they differ, and says so. What is relative to
// now has to be resolved after that.
func (a *app) keepTime(c *ingest.Clock) (set bool) {
	off, known := c.Off()
	if !known || off.Abs() <= closeEnough {
		return false
	}
	side := "behind"
	if off < 0 {
		side = "ahead of"
	}
	a.say("warning: the clock of this machine is %s %s that of AWS, which counts here", when.FormatDuration(off.Abs().Round(time.Minute)), side)
	here := a.now
	a.now = func() time.Time { return here().Add(off) }
	return true
}
