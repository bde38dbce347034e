package ingest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// What can be wrong with one object. Content and the reader it returns give
// errors for which errors.Is holds.
var (
	// ErrDamaged: the stored bytes are no whole gzip stream. Worth one more read.
	ErrDamaged = errors.New("damaged object")
	// ErrBomb: the object inflates beyond all reason. Not worth another read.
	ErrBomb = errors.New("decompression bomb")
	// ErrReplaced: the object was overwritten after it was listed or while it
	// was read. Worth one fresh start.
	ErrReplaced = errors.New("object was replaced while it was read")
)

// A Hinter is an error that knows the next command to type. Hint is one line,
// or a few, without a full stop; "" if there is nothing to advise.
type Hinter interface {
	error
	Hint() string
}

// FormatError says: the object is in a format that loglens does not read.
type FormatError struct {
	Format string // "zstd", "Parquet", "zip"
	URI    string // of the object; "" if not known
}

func (e *FormatError) Error() string {
	switch e.Format {
	case parquet:
		return "Parquet data: it holds columns and no log lines; only gzip and plain text are read"
	case tarball:
		return "a tar archive: files are read, and not what is packed in one"
	}
	return e.Format + " data: only gzip and plain text are read"
}

// Hint says how to read the object nevertheless.
func (e *FormatError) Hint() string {
	switch e.Format {
	case "zstd":
		return "zstdcat FILE | loglens top-errors -"
	case "bzip2":
		return "bzcat FILE | loglens top-errors -"
	case "xz":
		return "xzcat FILE | loglens top-errors -"
	case "lz4":
		return "lz4cat FILE | loglens top-errors -"
	case "zip":
		return "unzip -p FILE | loglens top-errors -"
	case twice:
		return "zcat FILE | loglens top-errors -"
	case utf16:
		return "iconv -f UTF-16 -t UTF-8 FILE | loglens top-errors -"
	case tarball:
		return "mkdir unpacked && tar xf FILE -C unpacked && loglens top-errors unpacked"
	}
	return duckDB(e.URI) + "\nor set the log delivery's output format to plain: loglens reads what is delivered from then on"
}

// Formats that have words of their own.
const (
	parquet = "Parquet" // written by log delivery through CloudWatch only
	tarball = "tar"
	twice   = "gzip within gzip"
	utf16   = "UTF-16"
)

// duckDB is the command that shows a Parquet object.
func duckDB(uri string) string {
	if uri == "" || uri == "-" {
		uri = "FILE" // Parquet is read from its end, which a pipe does not have yet
	}
	sql := "SELECT * FROM read_parquet('" + strings.ReplaceAll(uri, "'", "''") + "') LIMIT 10"
	if strings.HasPrefix(uri, "s3://") {
		sql = "CREATE SECRET (TYPE s3, PROVIDER credential_chain); " + sql
	}
	if strings.ContainsAny(sql, "\"$`\\!") {
		return "duckdb -c " + ShellWord(sql)
	}
	return `duckdb -c "` + sql + `"`
}

// AccessError says: AWS refused a request for want of a permission, or refuses everybody.
type AccessError struct {
	Action   string // the missing IAM action: "s3:ListBucket"; "" if none would help
	Resource string // what it was refused on: "s3://bucket/prefix"
	Caller   Caller // whom it was refused
	Err      error
}

func (e *AccessError) Error() string {
	if e.Action == "" {
		return fmt.Sprintf("%s: AWS lets nobody in%s", e.Resource, said(e.Err))
	}
	return fmt.Sprintf("%s: access denied: %s is missing%s", e.Resource, e.Action, said(e.Err))
}

func (e *AccessError) Unwrap() error { return e.Err }

// How AWS names the policy that is in the way.
//
// Source: AWS, "Troubleshoot access denied (403 Forbidden) errors in Amazon S3" and
// "Troubleshoot access denied error messages" of the IAM guide, read 2026-11.
var (
	denies = regexp.MustCompile(`with an explicit deny in (.+?)\)?$`)
	lacks  = regexp.MustCompile(`because no (VPC endpoint policy|service control policy|resource control policy|permissions boundary|session policy) allows`)
)

// Hint names the permission to add, and where another policy than the identity's stands
// in the way, that one.
func (e *AccessError) Hint() string {
	if e.Action == "" {
		return "whoever owns the account has to ask AWS Support"
	}
	said := said(e.Err)
	if m := denies.FindStringSubmatch(said); m != nil {
		return fmt.Sprintf("%s denies %s on %s, whatever else allows it: an exception has to be made there", m[1], e.Action, e.arn())
	}
	if m := lacks.FindStringSubmatch(said); m != nil {
		return fmt.Sprintf("allow %s on %s in the %s", e.Action, e.arn(), m[1])
	}
	identity := e.Caller.Role
	if identity == "" {
		identity = "this identity (" + e.Caller.anywhere().Command("sts", "get-caller-identity") + " shows which)"
	}
	return fmt.Sprintf("allow %s on %s for %s, or choose another with --profile or --role-arn", e.Action, e.arn(), identity)
}

// arn writes the resource as an IAM policy names it.
func (e *AccessError) arn() string {
	action, resource := e.Action, e.Resource
	path, ok := strings.CutPrefix(resource, "s3://")
	switch {
	case strings.HasPrefix(action, "kms:"):
		return "the bucket's KMS key"
	case strings.HasPrefix(resource, "arn:"):
		return resource
	case !ok:
		return "*"
	}
	bucket, _, _ := strings.Cut(path, "/")
	arn := "arn:" + e.Caller.partition() + ":s3:::" + bucket
	if action == "s3:ListBucket" {
		return arn
	}
	return arn + "/*"
}

// CredentialsError says: there are no credentials, or they are expired or unknown to AWS.
// It wraps an *UnreachableError where the service that gives them does not answer, and an
// *AccessError where the role that has them may not be assumed.
type CredentialsError struct {
	Reason string // "SSO session for profile prod expired"
	Next   string // the command that mends it; "" if there is none
	Err    error
}

func (e *CredentialsError) Error() string { return e.Reason }

func (e *CredentialsError) Unwrap() error { return e.Err }

// Hint is the command that mends the credentials.
func (e *CredentialsError) Hint() string { return e.Next }

// UnreachableError says: a service could not be reached, throttled beyond the
// budget of attempts, or kept breaking off.
type UnreachableError struct {
	Resource string // "s3://bucket/key", or the service
	Reason   string
	Next     string // advice; "" if there is none
	Err      error
}

func (e *UnreachableError) Error() string { return e.Resource + ": " + e.Reason }

func (e *UnreachableError) Unwrap() error { return e.Err }

// Hint is what to look at first.
func (e *UnreachableError) Hint() string { return e.Next }

// NotFoundError says: what was named does not exist.
type NotFoundError struct {
	What string   // "no such bucket", "no such file or folder", "no file matches"
	Name string   // as given
	Near []string // names that come close, for a hint; may be empty
	Next string   // advice; "" if there is none
	Err  error
}

func (e *NotFoundError) Error() string { return e.Name + ": " + e.What }

func (e *NotFoundError) Unwrap() error { return e.Err }

// Hint names what comes close, or says what to do.
func (e *NotFoundError) Hint() string {
	if len(e.Near) > 0 {
		return "did you mean " + strings.Join(e.Near, ", ") + "?"
	}
	return e.Next
}

// ArchivedError says: the object lies in an archive class and must be restored first.
type ArchivedError struct {
	URI    string
	Tiered bool // in an archive tier of Intelligent-Tiering: it moves back for good
	Caller Caller
	Err    error
}

func (e *ArchivedError) Error() string { return e.URI + ": archived object: restore it first" }

func (e *ArchivedError) Unwrap() error { return e.Err }

// Hint is the command that restores the object. What moves back for good is refused with
// a number of days, and any other without.
//
// Source: AWS, "Restoring an archived object" of the Amazon S3 guide, read 2026-11.
func (e *ArchivedError) Hint() string {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(e.URI, "s3://"), "/")
	request := "Days=3"
	if e.Tiered {
		request = "{}"
	}
	return e.Caller.anywhere().Command("s3api", "restore-object", "--bucket", bucket, "--key", key, "--restore-request", request)
}

// SourceError says: what was given cannot name a source.
type SourceError struct {
	Spec   string
	Reason string
	Next   string // advice; "" if there is none
}

func (e *SourceError) Error() string { return e.Spec + ": " + e.Reason }

// Hint is the form that would be right.
func (e *SourceError) Hint() string { return e.Next }

// said appends AWS's own words to a message, if there are any.
func said(err error) string {
	if err == nil {
		return ""
	}
	return " (" + err.Error() + ")"
}

// ShellWord quotes s for a command that is meant to be copied.
func ShellWord(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
