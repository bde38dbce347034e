//go:build moto

package diagnose

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// gate stands before the emulator. It says whose account a request is for, counts
// the actions by their names in IAM, and can answer one itself.
type gate struct {
	*httptest.Server

	// answer answers a request for an action itself, if it returns true.
	answer func(w http.ResponseWriter, action string, form url.Values) bool

	mu        sync.Mutex
	calls     map[string]int
	now, peak int // requests at the same time
}

// newGate opens a gate to an account. It closes with the test.
func newGate(t *testing.T, account string) *gate {
	g := &gate{calls: map[string]int{}}
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: under.Address})
			r.Out.Header.Set("X-Moto-Account-Id", account)
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 32},
	}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action, form, err := actionOf(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		g.mu.Lock()
		g.calls[action]++
		g.now++
		g.peak = max(g.peak, g.now)
		g.mu.Unlock()
		defer func() {
			g.mu.Lock()
			g.now--
			g.mu.Unlock()
		}()
		if g.answer == nil || !g.answer(w, action, form) {
			pass.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

// counts are the calls so far, by action.
func (g *gate) counts() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.calls)
}

var signedFor = regexp.MustCompile(`Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request`)

// prefixes are the names that IAM has for services that sign with another.
var prefixes = map[string]string{"monitoring": "cloudwatch"}

// actionOf is the action that a request needs, by IAM's name, and its parameters
// if it has any in its body.
func actionOf(r *http.Request) (string, url.Values, error) {
	found := signedFor.FindStringSubmatch(r.Header.Get("Authorization"))
	if found == nil {
		return "", nil, fmt.Errorf("%s %s is not signed", r.Method, r.URL)
	}
	service := found[1]
	if p, ok := prefixes[service]; ok {
		service = p
	}
	if service == "s3" {
		return "s3:" + objectAction(r), nil, nil
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return service + ":" + target[strings.LastIndex(target, ".")+1:], nil, nil
	}
	if _, operation, ok := strings.Cut(r.URL.Path, "/operation/"); ok {
		return service + ":" + operation, nil, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", nil, err
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	form, err := url.ParseQuery(string(body))
	return service + ":" + form.Get("Action"), form, err
}

// objectAction is the permission that a request to S3 needs.
func objectAction(r *http.Request) string {
	q := r.URL.Query()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	for parameter, action := range map[string]string{
		"location": "BucketLocation", "policy": "BucketPolicy", "encryption": "EncryptionConfiguration",
		"ownershipControls": "BucketOwnershipControls", "publicAccessBlock": "BucketPublicAccessBlock",
	} {
		if q.Has(parameter) {
			return map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodDelete: "Delete"}[r.Method] + action
		}
	}
	switch {
	case bucket == "":
		return "ListAllMyBuckets"
	case key == "" && r.Method == http.MethodPut:
		return "CreateBucket"
	case key == "":
		return "ListBucket"
	case r.Method == http.MethodPut:
		return "PutObject"
	}
	return "GetObject"
}

// refuse answers a request with an error as the action's service writes it.
func refuse(w http.ResponseWriter, action string, status int, code, message string) {
	service, _, _ := strings.Cut(action, ":")
	switch service {
	case "ec2":
		w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>7a1c6b1e</RequestID></Response>`, code, message)
	case "s3":
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message><RequestId>7A1C6B1E</RequestId></Error>`, code, message)
	case "acm":
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "Message": message})
	default:
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<ErrorResponse xmlns="http://webservices.amazon.com/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>7a1c6b1e</RequestId></ErrorResponse>`, code, message)
	}
}

// denied answers a request as AWS does if its action is not allowed.
func denied(w http.ResponseWriter, action string) bool {
	message := "User: arn:aws:iam::111122223333:user/oncall is not authorized to perform: " + action + " because no identity-based policy allows the " + action + " action"
	switch service, _ := path.Split(strings.ReplaceAll(action, ":", "/")); service {
	case "ec2/":
		refuse(w, action, http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. "+message)
	case "acm/":
		refuse(w, action, http.StatusBadRequest, "AccessDeniedException", message)
	default:
		refuse(w, action, http.StatusForbidden, "AccessDenied", message)
	}
	return true
}
