package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"loglens/ingest/inflate"
)

// What a log object may not inflate to. Real logs shrink to a sixth or a
// twelfth; a deflate stream can reach a factor of 1,030.
const (
	bombRatio = 200      // more text than this many times the stored bytes is refused …
	bombFree  = 64 << 20 // … beyond this many bytes of text
	bombSize  = 4 << 30  // no object has more text than this
)

// inputBlock is how many stored bytes are asked for at a time. 16 KiB were slower, as
// more of the input is near its end, where the decoder has to be careful.
const inputBlock = 64 << 10

var (
	gzipMagic  = []byte{0x1f, 0x8b}
	gzipMember = []byte{0x1f, 0x8b, 0x08} // the magic and the only method there is
)

// foreign are the formats that are recognised only to be refused by name.
var foreign = []struct {
	at     int
	magic  string
	format string
}{
	{0, "\x28\xb5\x2f\xfd", "zstd"},
	{0, "PAR1", parquet},
	{0, "PK\x03\x04", "zip"},
	{0, "BZh91AY&SY", "bzip2"},
	{0, "\xfd7zXZ\x00", "xz"},
	{0, "\x04\x22\x4d\x18", "lz4"},
	{0, "\xff\xfe", utf16}, // what ">" writes in Windows PowerShell
	{0, "\xfe\xff", utf16},
	{tarMagicAt, tarMagic, tarball},
	{0, "\x1f\x8b\x08", twice}, // of text only: what is stored so is read
}

// What tells an archive of files, in its first header. Source: POSIX, pax, "ustar
// Interchange Format"; GNU tar writes a blank where POSIX has a zero.
const (
	tarMagicAt = 257
	tarMagic   = "ustar"
)

// refused returns a *FormatError if head is the beginning of a foreign format.
func refused(head []byte) error {
	for _, f := range foreign {
		if len(head) > f.at && bytes.HasPrefix(head[f.at:], []byte(f.magic)) {
			return &FormatError{Format: f.format}
		}
	}
	return nil
}

// A memberReader inflates one gzip member at a time. After Reset it returns
// the member's text; io.EOF means that length and checksum were right and that
// the input stands just behind the member. Header and checksum errors are those
// of package gzip.
type memberReader interface {
	Reset(in *bufio.Reader) error
	Read(p []byte) (int, error)
}

// fastMember is our own memberReader.
type fastMember struct{ z inflate.Reader }

func (m *fastMember) Reset(in *bufio.Reader) error { return gzipError(m.z.Reset(in)) }

func (m *fastMember) Read(p []byte) (int, error) {
	n, err := m.z.Read(p)
	return n, gzipError(err)
}

// gzipError turns our decoder's verdicts into those of package gzip.
func gzipError(err error) error {
	switch {
	case errors.Is(err, inflate.ErrChecksum):
		return gzip.ErrChecksum
	case errors.Is(err, inflate.ErrHeader):
		return gzip.ErrHeader
	}
	return err
}

// klauspostMember is the memberReader of klauspost/compress, which gives the
// second opinion about an object that fastMember finds damaged.
type klauspostMember struct{ z gzip.Reader }

func (m *klauspostMember) Reset(in *bufio.Reader) error {
	err := m.z.Reset(in)
	m.z.Multistream(false)
	return err
}

func (m *klauspostMember) Read(p []byte) (int, error) { return m.z.Read(p) }

// Inflater turns stored bytes into log text. The magic bytes decide, never a
// name: gzip of one or several members, or plain text as it is. It is made
// once per worker and used again for each object; it is not for use by several
// goroutines.
type Inflater struct {
	in     *bufio.Reader
	src    source
	member memberReader // fast or second
	fast   memberReader
	second memberReader
	first  Decoder
	gzip   bool // the input is gzip, else plain
	open   bool // member stands inside a member

	text    int64 // bytes of text so far
	err     error // sticky
	warning string
	more    bool // something other than zeros was ignored after the last member
}

// source counts the stored bytes, and remembers how reading them ended, so
// that a broken read is never taken for damaged content.
type source struct {
	r   io.Reader
	n   int64
	err error // nil until r fails with something else than io.EOF
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.n += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// NewInflater returns an Inflater of about 250 KiB that uses DecoderOwn.
func NewInflater() *Inflater {
	z := &Inflater{fast: new(fastMember), second: new(klauspostMember)}
	z.Careful(false)
	z.in = bufio.NewReaderSize(&z.src, inputBlock)
	return z
}

// A Decoder says which decoder inflates gzip.
type Decoder uint8

const (
	// DecoderOwn is package inflate, with klauspost/compress for a second
	// opinion: no object fails that either can read.
	DecoderOwn Decoder = iota
	// DecoderKlauspost is klauspost/compress alone.
	DecoderKlauspost
)

// ParseDecoder reads the name of a decoder: own, which is also "", or klauspost.
func ParseDecoder(name string) (Decoder, error) {
	switch name {
	case "", "own":
		return DecoderOwn, nil
	case "klauspost":
		return DecoderKlauspost, nil
	}
	return 0, fmt.Errorf("unknown decoder %q", name)
}

// Use makes d the decoder of all that is read after the next Reset.
func (z *Inflater) Use(d Decoder) {
	z.first = d
	z.Careful(false)
}

// Careful chooses the decoder for what is read after the next Reset: the first
// choice, or, where that has found damage, the slower one of klauspost/compress.
func (z *Inflater) Careful(on bool) {
	z.member = z.fast
	if on || z.first == DecoderKlauspost {
		z.member = z.second
	}
}

// Reset makes the Inflater read another object from r. The error is that of
// r's first bytes: damaged (errors.Is ErrDamaged), a *FormatError, or r's own.
func (z *Inflater) Reset(r io.Reader) error {
	z.src = source{r: r}
	z.in.Reset(&z.src)
	z.gzip, z.open, z.text, z.err, z.warning, z.more = false, false, 0, nil, "", false

	head, err := z.in.Peek(16) // no more: what comes through a pipe may take its time
	switch {
	case z.src.err != nil:
		z.err = z.src.err
	case err != nil && err != io.EOF:
		z.err = err
	case bytes.HasPrefix(head, gzipMagic), len(head) == 1 && head[0] == gzipMagic[0]:
		z.gzip = true
		z.err = z.nextMember()
	default:
		z.err = refused(head)
	}
	return z.err
}

// Stored returns how many stored bytes have been taken from the input.
func (z *Inflater) Stored() int64 { return z.src.n - int64(z.in.Buffered()) }

// Warning tells what was odd about an object whose text is whole; "" if nothing
// was. It is complete once Read has returned io.EOF.
func (z *Inflater) Warning() string { return z.warning }

// Read returns the text. After io.EOF the object is whole: every length and
// checksum was right. After any other error nothing of the object may count.
func (z *Inflater) Read(p []byte) (int, error) {
	if len(p) == 0 || z.err != nil {
		return 0, z.err
	}
	if !z.gzip {
		n, err := z.in.Read(p)
		if foreign := z.begins(p[:n]); foreign != nil {
			return 0, foreign
		}
		z.text, z.err = z.text+int64(n), err
		return n, err
	}
	for {
		n, err := z.member.Read(p)
		if foreign := z.begins(p[:n]); foreign != nil {
			return 0, foreign
		}
		z.text += int64(n)
		switch {
		case z.text > bombSize:
			z.err = fmt.Errorf("more than %d bytes of text: %w", int64(bombSize), ErrBomb)
		case z.text > bombFree && z.text > bombRatio*z.Stored():
			z.err = fmt.Errorf("more than %d times its stored size: %w", bombRatio, ErrBomb)
		case isEnd(err):
			z.err = z.nextMember()
		case err != nil:
			z.err = z.verdict(err)
		}
		if n > 0 {
			// The error, if any, is kept for the next call.
			return n, nil
		}
		if z.err != nil {
			return 0, z.err
		}
	}
}

// begins ends everything if the first piece of text shows that it is none.
func (z *Inflater) begins(piece []byte) error {
	if z.text == 0 {
		z.err = refused(piece)
	}
	return z.err
}

// nextMember opens the member that follows. What follows a whole member
// without being one is padding or garbage: it is counted and named in the
// warning. A beginning that is cut short within the magic is damage, because a
// member may have stood there.
func (z *Inflater) nextMember() error {
	head, err := z.in.Peek(len(gzipMember))
	if z.src.err != nil {
		return z.src.err
	}
	if err != nil && err != io.EOF {
		return err
	}
	first := !z.open
	switch {
	case len(head) == 0 && !first:
		return io.EOF
	case bytes.HasPrefix(head, gzipMember):
	case len(head) > 0 && isEnd(err) && bytes.HasPrefix(gzipMember, head):
		return fmt.Errorf("cut short in a gzip header: %w", ErrDamaged)
	case first:
		return fmt.Errorf("unknown gzip method %d: %w", head[2], ErrDamaged)
	case nearlyMember(head):
		return fmt.Errorf("damaged in a gzip header: %w", ErrDamaged)
	default:
		return z.skipRest()
	}
	z.open = true
	if err := z.member.Reset(z.in); err != nil {
		return z.verdict(err)
	}
	return nil
}

// nearlyMember reports whether a header differs from that of a member in one byte: what
// follows is lines that cannot be read, and no garbage.
func nearlyMember(head []byte) bool {
	same := 0
	for i, b := range head {
		if b == gzipMember[i] {
			same++
		}
	}
	return same == len(gzipMember)-1
}

// skipRest counts what follows the last member, and returns io.EOF.
func (z *Inflater) skipRest() error {
	var n int64
	zeros := true
	for {
		if _, err := z.in.Peek(1); isEnd(err) {
			break
		} else if err != nil {
			return err
		}
		block, _ := z.in.Peek(z.in.Buffered())
		zeros = zeros && len(bytes.Trim(block, "\x00")) == 0
		k, _ := z.in.Discard(len(block))
		n += int64(k)
	}
	what := "bytes"
	if zeros {
		what = "zero bytes"
	}
	if n == 1 {
		what = what[:len(what)-1]
	}
	z.warning, z.more = fmt.Sprintf("%d %s after the last gzip member ignored", n, what), !zeros
	return io.EOF
}

// isEnd reports whether a stream has ended well. Only io.EOF itself says so: an
// error that wraps it is a broken read.
func isEnd(err error) bool {
	return err == io.EOF //nolint:errorlint // see above
}

// verdict says whether an error of the decoder is the content's or the read's.
func (z *Inflater) verdict(err error) error {
	switch {
	case z.src.err != nil:
		return z.src.err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("gzip data cut short: %w", ErrDamaged)
	case errors.Is(err, gzip.ErrChecksum):
		return fmt.Errorf("gzip checksum wrong: %w", ErrDamaged)
	}
	return fmt.Errorf("%w: %w", err, ErrDamaged)
}
