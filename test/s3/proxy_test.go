package s3

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// request is one request that came by.
type request struct {
	method, key, query string
	header             http.Header
}

func (r request) isList() bool { return r.method == http.MethodGet && r.key == "" }
func (r request) isGet() bool  { return r.method == http.MethodGet && r.key != "" }

// fault is what to do with a request instead of passing it on.
type fault struct {
	status        int // answer this, with an S3 error
	code, message string
	detail        string // XML beside them
	drop          bool   // end the connection without an answer

	cut  int64  // break off after so many bytes of the body; 0: do not
	then func() // called at the cut, before the connection ends
	hang bool   // send nothing more after the cut, instead of ending the connection
}

// proxy stands before the gateway, records what is asked, and does damage.
type proxy struct {
	url  string
	done chan struct{} // closed at the end of the test

	mu       sync.Mutex
	requests []request
	sent     int64                         // bytes of GET bodies
	damage   func(r request, n int) *fault // n counts the requests for that key
	counts   map[string]int
}

// newProxy starts a proxy; damage may be nil.
func newProxy(t *testing.T, damage func(r request, n int) *fault) *proxy {
	t.Helper()
	p := &proxy{damage: damage, counts: make(map[string]int), done: make(chan struct{})}
	target := &url.URL{Scheme: "http", Host: server.Addr}
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
			r.Out.URL.RawPath = r.In.URL.RawPath
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		seen := request{r.Method, key, r.URL.RawQuery, r.Header.Clone()}
		p.mu.Lock()
		p.requests = append(p.requests, seen)
		n := p.counts[r.Method+key]
		p.counts[r.Method+key]++
		damage := p.damage
		p.mu.Unlock()
		var f *fault
		if damage != nil {
			f = damage(seen, n)
		}
		switch {
		case f != nil && f.drop:
			panic(http.ErrAbortHandler)
		case f == nil:
			pass.ServeHTTP(&meter{ResponseWriter: w, proxy: p, count: seen.isGet()}, r)
		case f.status > 0:
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(f.status)
			_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message>%s<RequestId>4442587FB7D0A2F9</RequestId></Error>`, f.code, f.message, f.detail)
		default:
			pass.ServeHTTP(&meter{ResponseWriter: w, proxy: p, count: seen.isGet(), fault: f}, r)
		}
	}))
	server.Config.ErrorLog = nil
	p.url = server.URL
	t.Cleanup(func() {
		close(p.done)
		server.CloseClientConnections()
		server.Close()
	})
	return p
}

// seen returns the requests for which ok holds.
func (p *proxy) seen(ok func(request) bool) []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []request
	for _, r := range p.requests {
		if ok(r) {
			out = append(out, r)
		}
	}
	return out
}

// meter counts the bytes of a body, and cuts it.
type meter struct {
	http.ResponseWriter
	proxy *proxy
	count bool
	fault *fault
	n     int64
}

func (m *meter) Unwrap() http.ResponseWriter { return m.ResponseWriter }

func (m *meter) Write(b []byte) (int, error) {
	cut := m.fault != nil && m.n+int64(len(b)) >= m.fault.cut
	if cut {
		b = b[:m.fault.cut-m.n]
	}
	n, err := m.ResponseWriter.Write(b)
	m.n += int64(n)
	if m.count {
		m.proxy.mu.Lock()
		m.proxy.sent += int64(n)
		m.proxy.mu.Unlock()
	}
	if !cut {
		return n, err
	}
	_ = http.NewResponseController(m.ResponseWriter).Flush()
	if m.fault.then != nil {
		m.fault.then()
	}
	if m.fault.hang {
		<-m.proxy.done
	}
	panic(http.ErrAbortHandler)
}

// ReadFrom hides the one of the ResponseWriter, which would pass Write by.
func (m *meter) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{m}, r)
}
