// Command loglens says what fails behind an AWS load balancer, since when, for
// whom and why, from the logs that lie in S3.
package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"loglens/internal/post"
)

func main() { os.Exit(Main()) }

// Main runs the command line and returns the exit status.
func Main() int {
	umask := private()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	// A reader that goes away is an error of the write: the signal alone would end the process
	// at once, and leave temporary files behind.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		s := <-signals
		cancel(stopped{s})
		// What still runs after that waits for something that cannot be
		// interrupted, such as a terminal; a second signal does not wait at all.
		select {
		case <-signals:
		case <-time.After(900 * time.Millisecond):
		}
		os.Exit(stopped{s}.status())
	}()

	// Little is allocated while logs are read, so that collecting twice as often
	// costs nothing and halves what lies around.
	debug.SetGCPercent(50)

	a := &app{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now, getenv: os.Getenv, environ: os.Environ(),
		hooks: http.DefaultClient, sleep: post.Sleep, umask: umask,
	}
	return a.run(ctx, os.Args[1:])
}

// app is what the commands know of the world around them.
type app struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
	getenv   func(string) string
	environ  []string // all of it, as "name=value"

	hooks *http.Client // that asks webhooks
	sleep func(context.Context, time.Duration) error

	umask     fs.FileMode // of the user, for what others are to read
	zoneDoubt sync.Once   // of the environment's time zone

	command string          // that is run, as in "loglens sql"
	typed   map[string]bool // its flags that stand on the line, by name
}

// run executes one command line.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.rootCommand()
	out := &minded{Writer: a.out}
	root.SetOut(out)
	completionKnown(root)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = cause
	}
	if readerGone(err) {
		return stopped{syscall.SIGPIPE}.status()
	}
	if err != nil {
		a.complain(err)
	}
	return exitStatus(err)
}

// say writes a line of talk to stderr.
func (a *app) say(format string, args ...any) {
	a.talk("loglens: "+format+"\n", args...)
}

// talk writes to stderr. Where that fails there is nobody to tell.
func (a *app) talk(format string, args ...any) {
	_, _ = fmt.Fprintf(a.err, format, args...)
}
