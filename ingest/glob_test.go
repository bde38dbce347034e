package ingest

import "testing"

func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source, place string
		want          bool
	}{
		{"s3://my-logs/prod/**/*.gz", "s3://my-logs/prod/a/b.gz", true},
		{"s3://my-logs/prod/**/*.gz", "s3://my-logs/test/a/b.gz", false},
		{"s3://my-logs/prod", "s3://my-logs/prod", true},
		{"s3://my-logs/prod", "s3://my-logs/prod2", false},
		{"/none/[ab]*", "/none/bc", true},
		{"/none/[ab]*", "/none/cb", false},
	} {
		if got := Names(c.source, c.place); got != c.want {
			t.Errorf("%s names %s: %v, want %v", c.source, c.place, got, c.want)
		}
	}
}
