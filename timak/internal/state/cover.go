package state

import (
	"slices"
	"strings"
)

func findCover(covers []Cover, name string) (int, bool) {
	return slices.BinarySearchFunc(covers, name, func(c Cover, name string) int {
		return strings.Compare(c.Name, name)
	})
}

func versionOf(covers []Cover, name string) int64 {
	if i, found := findCover(covers, name); found {
		return covers[i].Version
	}
	return 0
}

// raise returns covers with name raised to version, or higher if it already was.
func raise(covers []Cover, name string, version int64) []Cover {
	i, found := findCover(covers, name)
	if !found {
		return slices.Insert(covers, i, Cover{name, version})
	}
	covers[i].Version = max(covers[i].Version, version)
	return covers
}

// mergeCovers returns the union of a and b with the higher versions.
func mergeCovers(a, b []Cover) []Cover {
	out := make([]Cover, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch c := strings.Compare(a[0].Name, b[0].Name); {
		case c < 0:
			out, a = append(out, a[0]), a[1:]
		case c > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			out = append(out, Cover{a[0].Name, max(a[0].Version, b[0].Version)})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}
