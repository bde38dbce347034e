package ingest

import (
	"io"
	"strings"
)

// NewSources turns what the user named into sources, in the same order:
// a file, a folder (with all below it), a glob with "**", "-" for stdin, or
// s3://bucket[/prefix], where the prefix may be a folder, a key or a glob.
//
// Local places are looked at here: a missing one is a *NotFoundError. S3 is
// not contacted before the sources are listed. aws says how to reach it.
func NewSources(specs []string, stdin io.Reader, aws AWS) ([]Source, error) {
	var sources []Source
	var dial *dialer
	usesStdin := false
	for _, spec := range specs {
		scheme, rest, isURL := strings.Cut(spec, "://")
		switch {
		case spec == "-":
			if usesStdin {
				return nil, &SourceError{Spec: "-", Reason: "standard input was named twice"}
			}
			usesStdin = true
			sources = append(sources, stdinSource{stdin})
		case isURL && strings.EqualFold(scheme, "s3"):
			if dial == nil {
				dial = newDialer(aws)
			}
			s, err := newS3Source(spec, rest, dial)
			if err != nil {
				return nil, err
			}
			sources = append(sources, s)
		case isURL:
			return nil, &SourceError{Spec: spec, Reason: "unknown kind of source", Next: "s3://bucket/prefix, a file, a folder or a glob"}
		default:
			s, err := newLocalSource(spec)
			if err != nil {
				return nil, err
			}
			sources = append(sources, s)
		}
	}
	return sources, nil
}
