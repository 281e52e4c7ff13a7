package redisstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/timak-go/timak/timak/driver"
)

// A value is a field of its hash, named by its dot. A long one is two fields: its first
// frontLen bytes, and the rest under its dot and restMark. So the beginnings of all
// siblings are the fields whose names are as long as a dot, and one HSCAN, which matches
// names, finds them and leaves the rest where it is. A hash has no command that reads a
// part of a field, and a script took longer to start than to fetch 9 KB.
const (
	frontLen = 16 << 10 // a first page of 20 items with 500 bytes of data each
	restMark = "+"
	// scanAtOnce is how many fields HSCAN looks at: those of a timeline with all the
	// additions that an engine makes.
	scanAtOnce = 100
)

// frontsOnly matches the names of beginnings: any bytes, as many as a dot has.
var frontsOnly = strings.Repeat("?", dotLen)

// fieldsOf returns the names and values of the fields that hold a value. One that is less
// than twice as long as its beginning is stored whole.
func fieldsOf(dot string, value []byte) []any {
	if len(value) < 2*frontLen {
		return []any{dot, value}
	}
	return []any{dot, value[:frontLen], dot + restMark, value[frontLen:]}
}

// namesOf returns the names of all fields that siblings may have.
func namesOf(dots []string) []string {
	names := make([]string, 0, 2*len(dots))
	for _, dot := range dots {
		names = append(names, dot, dot+restMark)
	}
	return names
}

// isRest reports whether a field is the rest of a value whose beginning is there too.
func isRest(fields map[string]string, name string) bool {
	dot, marked := strings.CutSuffix(name, restMark)
	_, there := fields[dot]
	return marked && there && len(dot) == dotLen
}

var _ driver.PartGetter = (*Store)(nil)

// GetPart returns the beginnings of the siblings under key, or what Get returns; see
// driver.PartGetter. It is one round trip, and two if the key is absent or has dozens of
// siblings.
func (s *Store) GetPart(ctx context.Context, key string, length int) (object driver.Object, whole bool, err error) {
	if length >= frontLen {
		object, err = s.Get(ctx, key)
		return object, true, err
	}
	found, err := call(ctx, s, func(ctx context.Context) ([]string, error) { return s.fronts(ctx, key) })
	if err != nil {
		return driver.Object{}, false, fmt.Errorf("redisstore: get a part of %q: %w", key, err)
	}
	if len(found) == 0 {
		object, err = s.Get(ctx, key)
		return object, true, err
	}
	object, whole = partsOf(key, found, length)
	return object, whole, nil
}

// partsOf returns the siblings whose names and beginnings were found, cut to a length that
// is shorter than a beginning: a sibling that is not cut has no rest.
func partsOf(key string, found []string, length int) (object driver.Object, whole bool) {
	whole = true
	var dots []string
	for i := 0; i+1 < len(found); i += 2 {
		value := bytesOf(found[i+1])
		whole = whole && len(value) <= length
		object.Siblings = append(object.Siblings, value[:min(len(value), length)])
		dots = append(dots, found[i])
	}
	if whole {
		object.Token = tokenOf(key, dots...)
	}
	return object, whole
}

// fronts returns the names and values of all beginnings under key, or nil if the server
// has not looked at the whole hash at once: it does unless there are dozens of siblings.
func (s *Store) fronts(ctx context.Context, key string) ([]string, error) {
	found, more, err := s.client.HScan(ctx, s.key(key), 0, frontsOnly, scanAtOnce).Result()
	if err != nil || more != 0 {
		return nil, err
	}
	return found, nil
}
