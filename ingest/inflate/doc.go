// Package inflate decodes gzip members (RFC 1952) of DEFLATE data (RFC 1951).
//
// What comes in: a bufio.Reader that stands at a member. What goes out: the
// member's text, decoded straight into the caller's block, and the bufio.Reader
// standing exactly behind the trailer, where Reset goes on with the next member.
// The text is right if, and only if, it ends in io.EOF.
//
// It decodes as libdeflate and ISA-L do: a bit buffer of 64 bits, a first table
// wide enough for nearly every code, entries that hold all there is to know
// about a symbol or two literals, and a loop without questions about the edges
// of input and output while these are far. A second, careful loop takes one byte
// at a time and never one more than it needs. The only unsafe code is in
// unchecked.go, which says why it is safe.
//
// It accepts what compress/gzip accepts, except members whose header sets
// reserved flags. It does not write, has no preset dictionaries, and leaves it
// to the caller to look for a next member.
package inflate
