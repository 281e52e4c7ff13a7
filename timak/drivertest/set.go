package drivertest

import (
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"

	"github.com/timak-go/timak/timak/driver"
)

// A set is a value that merges by union: the smallest type that loses nothing when
// siblings are merged. It is stored with a checksum, so that a torn or mixed value
// is detected.
type set map[string]bool

func (e set) encode() []byte {
	body := strings.Join(slices.Sorted(maps.Keys(e)), "\n")
	return fmt.Appendf(nil, "%08x\n%s", crc32.ChecksumIEEE([]byte(body)), body)
}

// merge adds the elements of a stored set.
func (e set) merge(value []byte) error {
	sum, body, _ := strings.Cut(string(value), "\n")
	if sum != fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body))) {
		return fmt.Errorf("value is not one that was put: %s", clip(string(value)))
	}
	for element := range strings.SplitSeq(body, "\n") {
		e[element] = true
	}
	return nil
}

// readSet returns the union of the siblings under key, and what Get returned.
func readSet(ctx context.Context, store driver.Store, key string) (set, driver.Object, error) {
	obj, err := store.Get(ctx, key)
	if err != nil {
		return nil, obj, err
	}
	union := set{}
	for _, value := range obj.Siblings {
		if err := union.merge(value); err != nil {
			return nil, obj, err
		}
	}
	return union, obj, nil
}

// wantElements reads the set under the subject's key and compares: everything
// acknowledged must be there, and nothing that no writer tried to add.
func (s subject) wantElements(acknowledged, tried set) {
	s.t.Helper()
	got, _, err := readSet(s.t.Context(), s.store, s.key)
	if err != nil {
		s.t.Fatalf("reading the set at the end: %v", err)
	}
	if lost := missing(acknowledged, got); len(lost) > 0 {
		s.t.Errorf("%d of %d acknowledged elements were lost: %s", len(lost), len(acknowledged), lost)
	}
	if extra := missing(got, tried); len(extra) > 0 {
		s.t.Errorf("elements that nobody added: %s", extra)
	}
}

// missing returns the elements of want that got lacks.
func missing(want, got set) []string {
	var all []string
	for element := range want {
		if !got[element] {
			all = append(all, element)
		}
	}
	slices.Sort(all)
	return all
}
