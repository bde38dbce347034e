package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"loglens/internal/amount"
)

// atNodes says which of the balancer's nodes the failures of a finding came through, where only some of
// them are kept out, by the addresses that interfaces have and logs name.
func (f *facts) atNodes(found *Finding) {
	if len(found.keptOut) == 0 || found.share == nil {
		return
	}
	var out []string            // nodes that are kept out
	node := map[string]string{} // by each of its addresses
	others := 0
	for _, i := range f.Network.Interfaces {
		if !i.Node {
			continue
		}
		name := strings.Join(i.Addresses, ", ")
		if len(i.Public) > 0 {
			name = strings.Join(i.Public, ", ")
		}
		for _, a := range slices.Concat(i.Public, i.Addresses) {
			node[a] = name
		}
		if slices.Contains(found.keptOut, i.Subnet) {
			out = append(out, name)
		} else {
			others++
		}
	}
	through := func(kept bool) int64 {
		return f.sum(func(row Failure) int64 {
			if name, known := node[row.Node]; !known || slices.Contains(out, name) != kept {
				return 0
			}
			return found.share(row)
		})
	}
	n, rest := through(true), through(false)
	if n == 0 || others == 0 {
		return
	}
	found.because(FromLog, fmt.Sprintf("%d of these failures came through the balancer's %s, which %s kept out, and %s through its %s",
		n, amount.Noun(len(out), "node ", "nodes ")+few(out), amount.Noun(len(out), "is", "are"), noneOr(rest), amount.Of(others, "other node", "other nodes")))
}

// noneOr writes a number, and 0 as none.
func noneOr(n int64) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}
