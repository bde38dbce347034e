#!/usr/bin/env bash
# Makes access/*.gz out of access.log, and short/*.gz out of its first line, with
# the writers of Debian 12: gzip 1.12, pigz 2.6 (of which -11 is zopfli), zopfli
# 1.0.3, igzip (isal) 2.30, libdeflate-gzip 1.14, 7zz 26.02, and Python's zlib 1.2.13.
# The files are kept, so that the tests need none of these.
set -euo pipefail
cd "$(dirname "$0")"

compress() { # FILE FOLDER
	local in=$1 out=$2 n
	rm -rf "$out"
	mkdir "$out"
	for n in 1 2 3 4 5 6 7 8 9; do gzip -n -c -$n <"$in" >"$out/gzip-$n.gz"; done
	for n in 0 1 6 9 11; do pigz -n -c -$n <"$in" >"$out/pigz-$n.gz"; done
	pigz -n -c -p 2 -b 32 <"$in" >"$out/pigz-blocks.gz"
	pigz -n -c -p 2 -b 32 -i <"$in" >"$out/pigz-independent.gz"
	pigz -c "$in" >"$out/pigz-named.gz"
	for n in 0 1 2 3; do igzip -n -c -$n <"$in" >"$out/igzip-$n.gz"; done
	for n in 1 6 9 12; do libdeflate-gzip -c -$n <"$in" >"$out/libdeflate-$n.gz"; done
	for n in 1 5 9; do 7zz a -si -so -tgzip -mx=$n -bso0 -bsp0 x <"$in" >"$out/7zip-$n.gz"; done
	for n in 1 15 100; do zopfli -c --i$n "$in" >"$out/zopfli-$n.gz"; done
	python3 - "$in" "$out" <<'PYTHON'
import sys, zlib
text = open(sys.argv[1], "rb").read()

def write(name, level=6, memory=8, strategy=zlib.Z_DEFAULT_STRATEGY, window=15, flush=None):
    c = zlib.compressobj(level, zlib.DEFLATED, 16 + window, memory, strategy)
    step = len(text) if flush is None else 200
    out = b""
    for at in range(0, len(text), step):
        out += c.compress(text[at:at + step])
        if flush is not None:
            out += c.flush(flush)
    out += c.flush()
    open(f"{sys.argv[2]}/zlib-{name}.gz", "wb").write(out)

for level in range(1, 10):
    write(level, level=level)
write("stored", level=0)
write("fixed", strategy=zlib.Z_FIXED)
write("filtered", strategy=zlib.Z_FILTERED)
write("huffman-only", strategy=zlib.Z_HUFFMAN_ONLY)
write("rle", strategy=zlib.Z_RLE)
write("memlevel-1", memory=1)
write("window-512", window=9)
write("partial-flush", flush=zlib.Z_PARTIAL_FLUSH)
write("sync-flush", flush=zlib.Z_SYNC_FLUSH)
write("full-flush", flush=zlib.Z_FULL_FLUSH)
write("block", flush=zlib.Z_BLOCK)
PYTHON
	for n in "$out"/*.gz; do gzip -dc "$n" | cmp - "$in"; done
}

compress access.log access
head -n 1 access.log >short.log
compress short.log short
