// Package keys is what stores share that list their keys: a listing is read in
// pages, so that nothing is held while its reader works.
package keys

import (
	"iter"
	"strings"
)

// PageLen is how many keys a page should have at most.
const PageLen = 1000

// List returns the keys that begin with prefix and come after after; see
// driver.Lister. page returns the next keys from a place on, itself included, in
// order, and none at the end. It need not mind the prefix. An error ends the listing.
func List(prefix, after string, page func(from string) ([]string, error)) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		from := prefix
		if after != "" {
			from = max(prefix, following(after))
		}
		for {
			keys, err := page(from)
			if err != nil {
				yield("", err)
				return
			}
			for _, key := range keys {
				if !strings.HasPrefix(key, prefix) || !yield(key, nil) {
					return
				}
			}
			if len(keys) == 0 {
				return
			}
			from = following(keys[len(keys)-1])
		}
	}
}

// following returns the first text after key, in the order of bytes.
func following(key string) string { return key + "\x00" }
