package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/internal/condition"
	"loglens/internal/when"
	"loglens/query"
	"loglens/report"
)

// Exit statuses. They are part of the interface: scripts branch on them.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitPartial     = 3
	exitDenied      = 4
	exitNoObjects   = 5
	exitNoStore     = 10
	exitLocked      = 11
	exitDiskFull    = 12
	exitUnreachable = 13
	exitCondition   = 20
	exitFindings    = 21
	exitDeadline    = 124
)

const exitHelp = `Exit status of loglens:

    0  done
    1  failed
    2  wrong usage
    3  the answer is printed, but partial: some objects could not be read, or a
       store has never been filled for a part of the window
    4  credentials missing or expired, or access denied
    5  no logs in the window or of the balancer, or access logs are switched off
   10  store missing or damaged
   11  store locked by another process
   12  disk full
   13  AWS unreachable, or throttled beyond patience
   20  summary: what --fail-if says is true
   21  diagnose: something is wrong
  124  --timeout reached
  130  interrupted (143 by SIGTERM, 129 by SIGHUP)
  141  the reader of the output went away
`

// usageError is a command line that cannot be meant.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }
func (e *usageError) Hint() string  { return e.hint }

func usage(hint, format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...), hint}
}

// partialError says that what came of the objects rests on some of them.
type partialError struct {
	what            string // is partial; "" for the answer on stdout
	failed, objects int64
	first           error         // why one of them could not be read; nil if that is not known
	again           string        // what to do to have them read again; "" if first says that
	lacking         time.Duration // of the window, which was never ingested
}

func (e *partialError) Error() string {
	var lacks []string
	if e.failed > 0 {
		lacks = append(lacks, fmt.Sprintf("%d of %s could not be read", e.failed, amount.Of(e.objects, "object", "objects")))
	}
	if e.lacking > 0 {
		lacks = append(lacks, when.FormatDuration(e.lacking)+" of the window was never ingested")
	}
	return cmp.Or(e.what, "the answer") + " is partial: " + strings.Join(lacks, ", and ")
}

// Hint says how to read one of them.
func (e *partialError) Hint() string {
	var h ingest.Hinter
	if errors.As(e.first, &h) {
		return h.Hint()
	}
	if e.failed > 0 {
		return e.again
	}
	return ""
}

// emptyError says that there was nothing to read.
type emptyError struct{ what, where, hint string }

func (e *emptyError) Error() string { return "no " + e.what + " " + e.where }
func (e *emptyError) Hint() string  { return e.hint }

// conditionError says that what --fail-if says is true.
type conditionError struct{ condition, values string }

func (e *conditionError) Error() string {
	return fmt.Sprintf("--fail-if %s is true: %s", e.condition, e.values)
}

// timeoutError says that --timeout ran out.
type timeoutError struct{ after string }

func (e *timeoutError) Error() string { return "not done within --timeout " + e.after }
func (e *timeoutError) Unwrap() error { return context.DeadlineExceeded }
func (e *timeoutError) Hint() string {
	return "a shorter window reads less; if AWS is not reached or throttles, that is said without --timeout"
}

// stopped is the signal that ended the command.
type stopped struct{ signal os.Signal }

func (e stopped) Error() string { return "stopped: " + e.signal.String() }

// status follows the shell: 128 and the signal's number.
func (e stopped) status() int {
	if s, ok := e.signal.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return exitFailed
}

// readerGone reports whether nobody reads stdout any more, and so nobody misses anything.
func readerGone(err error) bool {
	var write *fs.PathError
	return errors.As(err, &write) && write.Path == os.Stdout.Name() && errors.Is(write, syscall.EPIPE)
}

// exitStatus maps an error to the status that the documentation promises for it.
func exitStatus(err error) int {
	var s stopped
	is := func(target any) bool { return errors.As(err, target) }
	switch {
	case err == nil:
		return 0
	case is(&s):
		return s.status()
	case is(new(*timeoutError)): // a server's silence is a deadline exceeded, too
		return exitDeadline
	case is(new(*query.DiskError)):
		return exitNoStore
	case is(new(*query.LockedError)):
		return exitLocked
	case errors.Is(err, syscall.ENOSPC):
		return exitDiskFull
	case is(new(*usageError)), is(new(*condition.Error)), is(new(*ingest.SourceError)), is(new(*query.StatementError)), is(new(*query.QueryError)), is(new(*query.TooMuchError)), is(new(*query.MemoryError)):
		return exitUsage
	case is(new(*findingsError)):
		return exitFindings
	case is(new(*conditionError)):
		return exitCondition
	case is(new(*partialError)):
		return exitPartial
	case is(new(*emptyError)), is(new(*ingest.LogsOffError)):
		return exitNoObjects
	case is(new(*ingest.UnreachableError)): // credentials may be what cannot be fetched
		return exitUnreachable
	case is(new(*ingest.CredentialsError)), is(new(*ingest.AccessError)):
		return exitDenied
	}
	return exitFailed
}

// complain tells the user what went wrong and what to type next.
func (a *app) complain(err error) {
	all := each(err)
	for i, one := range all {
		a.say("%s", report.Plain(one.Error()))
		next := hint(one)
		if i+1 < len(all) && hint(all[i+1]) == next {
			continue // it stands below the last that it helps with
		}
		for line := range strings.Lines(next) {
			a.talk("  %s\n", report.Plain(strings.TrimRight(line, "\n")))
		}
		var wrong *usageError
		if errors.As(one, &wrong) {
			for _, line := range a.notTyped(wrong.Error()) {
				a.talk("  %s\n", line)
			}
		}
	}
}

// hint is what to do about an error, "" if nothing is known to help.
func hint(err error) string {
	var h ingest.Hinter
	if errors.As(err, &h) && h.Hint() != "" {
		return h.Hint()
	}
	full := errors.Is(err, syscall.ENOSPC)
	var file *fs.PathError
	if errors.As(err, &file) && strings.HasPrefix(file.Path, filepath.Join(os.TempDir(), "loglens-")) {
		const another = "TMPDIR names another folder for temporary files"
		if full {
			return "a shorter window takes less; " + another
		}
		return another
	}
	switch {
	case full:
		return "df -h shows how full each disk is"
	case file != nil && errors.Is(file, fs.ErrPermission):
		return "ls -ld " + ingest.ShellWord(nearest(file.Path)) + " shows who has access"
	}
	return ""
}

// nearest is the path, or the first folder above it, that can be looked at: what is in the
// way of all that lies below.
func nearest(path string) string {
	for {
		_, err := os.Lstat(path)
		up := filepath.Dir(path)
		if err == nil || up == path {
			return path
		}
		path = up
	}
}

// each returns the errors that err is made of, line by line, or err alone. What was
// joined may have been joined again on its way here, often with nothing.
func each(err error) []error {
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var lines []string
	for _, one := range many.Unwrap() {
		lines = append(lines, one.Error())
	}
	if err.Error() != strings.Join(lines, "\n") {
		return []error{err} // it says more than they do
	}
	var all []error
	for _, one := range many.Unwrap() {
		all = append(all, each(one)...)
	}
	return all
}
