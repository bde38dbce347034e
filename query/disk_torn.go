package query

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// DuckDB never writes over what a row stands in until the row is gone. The few blocks
// that say what stands where are another matter: every checkpoint writes them in their
// places, before it writes the header that makes the new state the valid one. Nothing
// that the old header refers to changes in them, but a process that is killed in the
// middle of such a write, or a machine that loses its power, leaves a block whose
// checksum is wrong, and then nothing can be read any more. So before a transaction
// these blocks are copied to a file beside the store, which is gone when the store is
// closed. As long as the header is the one that was copied with them, they are what it
// refers to, and whoever opens the store next puts back those whose checksum is wrong.
// A header tells states of one store apart, and not always two stores: one that is
// sound, and was put in the place of another, must not get blocks of that.

const (
	copySuffix  = ".metadata"
	copyMagic   = "loglens metadata 1\n"
	headersSize = 3 * 4096 // the file's own, and two that take turns
)

// metadataCopy is the file beside a store that is open for writing.
type metadataCopy struct {
	path string
	// file is the store. It stays open for as long as DuckDB has it open, since to
	// close it gives up the locks that DuckDB holds on it.
	file *os.File
	// needed says that a commit has failed, perhaps in the middle of such a block.
	// DuckDB closes the store without an error then.
	needed bool
}

// openCopy opens the store that DuckDB has just opened for writing.
func (d Disk) openCopy() (*metadataCopy, error) {
	f, err := os.Open(d.Path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return &metadataCopy{path: d.Path + copySuffix, file: f}, nil
}

// close removes the copy, if DuckDB has written and closed the store as it should.
func (c *metadataCopy) close(clean bool) error {
	if c == nil {
		return nil // the store is only read
	}
	err := c.file.Close()
	if !clean || c.needed {
		return err
	}
	if gone := os.Remove(c.path); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, fmt.Errorf("remove copy of metadata: %w", gone))
	}
	return err
}

// save copies what the next checkpoint writes over. The copy is on the disk when it returns.
func (c *metadataCopy) save(ctx context.Context, s *Store) error {
	var size int64
	if err := s.one(ctx, "SELECT block_size FROM pragma_database_size() WHERE database_name = 'disk'", []any{&size}); err != nil {
		return err
	}
	var id int64
	var places []int64
	err := s.each(ctx, func() { places = append(places, headersSize+id*size) },
		"SELECT DISTINCT block_id FROM pragma_metadata_info('disk') ORDER BY ALL", []any{&id})
	if err != nil {
		return err
	}
	text := binary.LittleEndian.AppendUint64([]byte(copyMagic), uint64(size))
	if text, err = c.read(text, 0, headersSize); err != nil {
		return err
	}
	for _, at := range places {
		text = binary.LittleEndian.AppendUint64(text, uint64(at))
		if text, err = c.read(text, at, size); err != nil {
			return err
		}
	}
	text = binary.LittleEndian.AppendUint32(text, crc32.ChecksumIEEE(text))
	if err := writeWhole(c.path, text); err != nil {
		return fmt.Errorf("copy metadata of the store: %w", err)
	}
	return nil
}

// read appends a part of the store.
func (c *metadataCopy) read(to []byte, at, size int64) ([]byte, error) {
	begin := len(to)
	to = append(to, make([]byte, size)...)
	if _, err := c.file.ReadAt(to[begin:], at); err != nil {
		return nil, fmt.Errorf("read store: %w", err)
	}
	return to, nil
}

// writeWhole puts a file in the place of another, in such a way that one of them is
// there whatever happens, and the new one when it returns. What a killed process
// leaves of it has always the same name, so that it does not add up.
func writeWhole(path string, text []byte) error {
	// What stands there under that name is not written into: it may be a link to anything.
	if err := os.Remove(path + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// patch is a part of a store that was copied.
type patch struct {
	at   int64
	text []byte
}

// copied reads the copy beside a store, nil if there is none that is whole.
func (d Disk) copied() (headers []byte, blocks []patch, err error) {
	text, err := os.ReadFile(d.Path + copySuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open copy of metadata: %w", err)
	}
	const fixed = len(copyMagic) + 8 + headersSize
	n := len(text) - 4
	if n < fixed || !bytes.HasPrefix(text, []byte(copyMagic)) || crc32.ChecksumIEEE(text[:n]) != binary.LittleEndian.Uint32(text[n:]) {
		return nil, nil, nil
	}
	size := binary.LittleEndian.Uint64(text[len(copyMagic):])
	headers = text[fixed-headersSize : fixed]
	for text = text[fixed:n]; uint64(len(text)) >= 8+size; text = text[8+size:] {
		blocks = append(blocks, patch{int64(binary.LittleEndian.Uint64(text)), text[8 : 8+size]})
	}
	return headers, blocks, nil
}

// sound reports whether a block's checksum, which it begins with, is DuckDB's of the rest.
func sound(block []byte) bool {
	sum := uint64(5381)
	for at := 8; at < len(block); at += 8 {
		sum ^= binary.LittleEndian.Uint64(block[at:]) * 0xbf58476d1ce4e5b9
	}
	return sum == binary.LittleEndian.Uint64(block)
}

// torn returns the blocks that have to be put back before the store can be read.
func (d Disk) torn() (list []patch, err error) {
	headers, blocks, err := d.copied()
	if headers == nil || err != nil {
		return nil, err
	}
	f, err := os.Open(d.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	read := func(at int64, size int) ([]byte, error) {
		have := make([]byte, size)
		if _, err := f.ReadAt(have, at); err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read store: %w", err)
		}
		return have, nil
	}
	// Another header is a later state, whose blocks were written before it.
	if have, err := read(0, headersSize); err != nil || !bytes.Equal(have, headers) {
		return nil, err
	}
	for _, b := range blocks {
		if have, err := read(b.at, len(b.text)); err != nil {
			return nil, err
		} else if !sound(have) && !bytes.Equal(have, b.text) {
			list = append(list, b)
		}
	}
	return list, nil
}

// take waits for the lock of the file that DuckDB is to open, and puts back blocks that
// a killed writer has left half written.
func (d Disk) take(ctx context.Context, write bool) (*flock.Flock, error) {
	l, err := d.lock(ctx, openLock, !write)
	if err != nil {
		return nil, err
	}
	blocks, err := d.torn()
	if err == nil && write {
		err = d.mend(blocks)
	}
	if err == nil && (write || len(blocks) == 0) {
		return l, nil
	}
	if err := errors.Join(err, l.Unlock()); err != nil {
		return nil, err
	}
	// Others may be reading. Only who writes is alone.
	alone, err := d.take(ctx, true)
	if err == nil {
		err = alone.Unlock()
	}
	if err != nil {
		return nil, err
	}
	return d.take(ctx, false)
}

// mend puts blocks back. Nobody else may have the store open.
func (d Disk) mend(blocks []patch) (err error) {
	if len(blocks) == 0 {
		return nil
	}
	f, err := os.OpenFile(d.Path, os.O_WRONLY, 0)
	if err != nil {
		return &DiskError{Path: d.Path, Reason: fmt.Sprintf("an ingest was ended while it wrote, and what is half written cannot be put back: %v", err),
			Next: "as who may write to it: " + d.command("store verify"), Err: err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for _, b := range blocks {
		if _, err := f.WriteAt(b.text, b.at); err != nil {
			return fmt.Errorf("mend store: %w", err)
		}
	}
	return f.Sync()
}
