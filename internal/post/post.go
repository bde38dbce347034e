package post

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client delivers bodies. All fields but Agent must be set.
type Client struct {
	HTTP  *http.Client // redirects are not followed, whatever it says
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	Agent string // User-Agent

	Each time.Duration // for one try
	All  time.Duration // for all tries and the waiting between them
}

// tries is how often a body is sent at most.
const tries = 3

// Sleep waits, or returns the context's error. It is what Client.Sleep is outside
// of tests.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Address reads a webhook's URL. The error does not contain it.
func Address(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	switch {
	case err != nil:
		return nil, errors.New("it cannot be read as a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("it does not begin with https://")
	case u.Host == "":
		return nil, errors.New("it names no host")
	}
	return u, nil
}

// refusal is an answer other than 2xx.
type refusal struct {
	status string
	again  bool          // it may help to try once more
	wait   time.Duration // as Retry-After says; -1 if it says nothing
}

func (e *refusal) Error() string { return "it answers " + e.status }

// Post sends a JSON body. Network errors, 429 and 5xx are tried again, after as
// long as Retry-After says or else one and two seconds; with any other answer
// nothing would change. A try whose answer is lost may have been delivered: then
// the message comes twice rather than not at all.
//
// The error names the host and the last cause, and never the URL.
func (c *Client) Post(ctx context.Context, to *url.URL, body []byte) error {
	end := c.Now().Add(c.All)
	for try := 0; ; try++ {
		err := c.once(ctx, to, body, min(c.Each, end.Sub(c.Now())))
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait, again := pause(err, try)
		switch {
		case !again || try == tries-1:
			return fmt.Errorf("post to %s: %w", to.Host, err)
		case c.Now().Add(wait).After(end):
			return fmt.Errorf("post to %s: %w, and another try would come after %v", to.Host, err, c.All)
		}
		if err := c.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// pause says how long to wait after an error, and whether to try again at all.
func pause(err error, try int) (wait time.Duration, again bool) {
	wait = time.Second << try
	var r *refusal
	if !errors.As(err, &r) {
		return wait, true
	}
	if r.wait >= 0 {
		wait = r.wait
	}
	return wait, r.again
}

func (c *Client) once(ctx context.Context, to *url.URL, body []byte, most time.Duration) error {
	if most <= 0 {
		return context.DeadlineExceeded
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return bare(err)
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", c.Agent)
	client := *c.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(request)
	if err != nil {
		return bare(err)
	}
	// The rest is read so that the connection can be used again; what it says does
	// not matter, and a host that goes on for ever is cut off.
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
	_ = answer.Body.Close()
	if answer.StatusCode/100 == 2 {
		return nil
	}
	return &refusal{
		status: strings.TrimSpace(fmt.Sprintf("%d %s", answer.StatusCode, http.StatusText(answer.StatusCode))),
		again:  answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode/100 == 5,
		wait:   c.retryAfter(answer.Header.Get("Retry-After")),
	}
}

// bare is what a client's error says beside the URL that it always names.
func bare(err error) error {
	var u *url.Error
	if !errors.As(err, &u) {
		return errors.New("it cannot be asked")
	}
	if u.Timeout() {
		return errors.New("it does not answer in time")
	}
	return u.Err
}

// retryAfter reads seconds or a date; -1 if it is neither.
func (c *Client) retryAfter(s string) time.Duration {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 && n < 1e6 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(t.Sub(c.Now()), 0)
	}
	return -1
}
