package parse

import (
	"bytes"
	"io"
)

// LineLimit is the length beyond which a line is rejected, in bytes without the
// line's end. AWS's own limits (64 KiB of headers, 8 KiB of user agent) stay
// below it even when every byte is escaped.
const LineLimit = 1 << 20

// longest is the length of the longest good line with its end.
const longest = LineLimit + len("\r\n")

// blockSize is how much is read at once: large enough that refilling costs
// nothing, small enough to stay in the second-level cache. 128 and 64 KiB
// were slower, as the decoder copies more of its history; to fill the block in
// parts, without that, was no faster.
const blockSize = 256 << 10

// Scanner cuts a stream of ELB log text into records, one per line:
//
//	s := parse.NewScanner()
//	s.Reset(r, parse.KindUnknown)
//	for s.Scan() {
//		switch {
//		case s.Damage() != nil: …
//		case s.Access() != nil: …
//		case s.Entry() != nil: …
//		}
//	}
//	if err := s.Err(); err != nil { … }
//
// The scanner owns every byte it returns until the next Scan; whoever keeps
// something copies it. A Scanner belongs to one goroutine and is meant to be
// Reset, not made anew. Lines end with LF or CR LF; the last may end with the
// stream, or with CR and the stream, unless it has been cut off.
type Scanner struct {
	source io.Reader
	done   bool  // there is no more to read
	err    error // why the stream broke, nil at its end

	buf        []byte // [start:end] is read and not yet scanned
	start, end int
	searched   int   // bytes after start that hold no newline
	offset     int64 // bytes of the stream before buf[start]
	line       int64

	reader reader
	cause  Cause // of the current line
	damage Damage
}

// NewScanner returns a Scanner that waits for its first Reset.
func NewScanner() *Scanner {
	return &Scanner{buf: make([]byte, blockSize), done: true}
}

// Reset makes the scanner read r from its first line on. kind is what the
// object's name promises, KindUnknown if nothing; every line decides for itself
// all the same. The scanner keeps its buffer unless a very long line had made
// it grow.
func (s *Scanner) Reset(r io.Reader, kind Kind) {
	if len(s.buf) > blockSize {
		s.buf = make([]byte, blockSize)
	}
	if kind == KindUnknown {
		kind = KindAccess
	}
	s.reader.reset(kind)
	*s = Scanner{source: r, buf: s.buf, reader: s.reader}
}

// Scan goes to the next line, damaged or not. It returns false at the end of
// the stream or when reading breaks; Err tells which.
func (s *Scanner) Scan() bool {
	if s.glance() {
		return true
	}
	at := s.offset
	line, ok := s.next()
	if !ok {
		return false
	}
	s.line++
	ended := line[len(line)-1] == '\n'
	line = chomp(line)
	s.cause = Cause{kind: tooLong}
	if s.offset-at <= int64(longest) && len(line) <= LineLimit {
		s.cause = s.reader.read(line)
	}
	if !ended && s.cause.kind == whole {
		s.cause = s.reader.unended()
	}
	if s.cause.bad() {
		s.damage = Damage{Line: s.line, Offset: at, Cause: s.cause, Raw: line[:min(len(line), RawLimit)]}
	}
	return true
}

// glance goes to the next line if that is one of those that nearly all are.
func (s *Scanner) glance() bool {
	if s.reader.kind != KindAccess || s.reader.columns.n > 0 {
		return false
	}
	line, ok := s.reader.glance(s.buf[s.start:min(s.end+markBlock, len(s.buf))])
	if !ok || s.start+len(line) >= s.end { // the newline is none that has been read
		return false
	}
	s.take(len(line) + 1)
	s.line++
	s.cause = Cause{}
	return true
}

// Kind returns which log the current line belongs to. A damaged line counts
// under the kind of the last good line or of the last header that tells it, before
// that under the one that was promised, and under KindAccess if nothing is known.
// One that was cut off still tells its own.
func (s *Scanner) Kind() Kind { return s.reader.kind }

// Access returns the entry on the current line if it is one of an access log of
// an Application or a Classic Load Balancer, else nil.
func (s *Scanner) Access() *Access {
	if s.cause.kind != whole || !s.reader.kind.requests() {
		return nil
	}
	return &s.reader.access
}

// Entry returns the entry on the current line if it is one of another log, else nil.
func (s *Scanner) Entry() *Entry {
	if s.cause.kind != whole || s.reader.kind.requests() {
		return nil
	}
	return &s.reader.entry
}

// Header reports whether the current line is a header of a W3C file, which is
// neither an entry nor damaged.
func (s *Scanner) Header() bool { return s.cause.kind == header }

// Damage returns what is wrong with the current line, or nil if nothing is.
func (s *Scanner) Damage() *Damage {
	if !s.cause.bad() {
		return nil
	}
	return &s.damage
}

// Warning returns what is noteworthy of the object as a whole, as far as it has
// been scanned; "" if nothing is.
func (s *Scanner) Warning() string { return s.reader.warning() }

// Line returns the number of the current line, from 1; after the last Scan, the
// number of lines.
func (s *Scanner) Line() int64 { return s.line }

// Offset returns how many bytes of the stream have been scanned, line ends included.
func (s *Scanner) Offset() int64 { return s.offset }

// Err returns why the stream broke, or nil if it was read to its end. A damaged
// line is no error.
func (s *Scanner) Err() error { return s.err }

// next returns the next line, its end included, and moves the offset past it.
// Of a line longer than longest that is not whole in the buffer it returns the beginning.
func (s *Scanner) next() (line []byte, ok bool) {
	for {
		fresh := s.buf[s.start+s.searched : s.end]
		if i := bytes.IndexByte(fresh, '\n'); i >= 0 {
			return s.take(s.searched + i + 1), true
		}
		s.searched += len(fresh)
		switch {
		case s.searched > longest:
			return s.overlong()
		case !s.done:
			s.fill()
		case s.err == nil && s.searched > 0:
			return s.take(s.searched), true
		default:
			return nil, false
		}
	}
}

// take consumes the next n bytes.
func (s *Scanner) take(n int) []byte {
	b := s.buf[s.start : s.start+n]
	s.start += n
	s.offset += int64(n)
	s.searched = 0
	return b
}

// fill makes room and reads once more.
func (s *Scanner) fill() {
	if s.start > 0 {
		copy(s.buf, s.buf[s.start:s.end])
		s.start, s.end = 0, s.end-s.start
	}
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	s.read()
}

// read reads once behind what is there. A reader that keeps returning nothing
// is broken, as for bufio.
func (s *Scanner) read() {
	for range 100 {
		n, err := s.source.Read(s.buf[s.end:])
		s.end += n
		if err != nil {
			s.done = true
			if err != io.EOF {
				s.err = err
			}
			return
		}
		if n > 0 {
			return
		}
	}
	s.done, s.err = true, io.ErrNoProgress
}

// overlong skips to the end of a line that is too long. It keeps the line's
// beginning at the front of the buffer, for the record.
func (s *Scanner) overlong() (line []byte, ok bool) {
	copy(s.buf[:RawLimit], s.buf[s.start:])
	s.offset += int64(s.searched)
	for {
		s.start, s.end, s.searched = RawLimit, RawLimit, 0
		if !s.done {
			s.read()
		}
		if i := bytes.IndexByte(s.buf[s.start:s.end], '\n'); i >= 0 {
			s.take(i + 1)
			return s.buf[:RawLimit], true
		}
		s.take(s.end - s.start)
		if s.done {
			return s.buf[:RawLimit], s.err == nil
		}
	}
}

// chomp cuts the line's end off.
func chomp(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte{'\n'})
	return bytes.TrimSuffix(b, []byte{'\r'})
}
