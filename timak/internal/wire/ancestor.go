package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/timak-go/timak/timak/internal/state"
)

// The ancestor, a Python library of 2011, stored a timeline as a JSON list. Its
// values are read like any other and rewritten in the current layout by the next
// write, so that an existing bucket is converted in place.

// ancestorItem is an item of such a list.
type ancestorItem struct {
	ID       json.RawMessage `json:"id"`       // a text or a number
	Score    json.RawMessage `json:"score"`    // a number; see ancestorDate
	Modified *int64          `json:"modified"` // milliseconds
	Data     json.RawMessage `json:"data"`
	Deleted  bool            `json:"deleted"`
}

// isAncestor reports whether a value can only be the ancestor's.
func isAncestor(value []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(value, " \t\r\n"), []byte("["))
}

// decodeAncestor reads the ancestor's list, which has neither a key nor a checksum.
func decodeAncestor(value []byte) (state.State, error) {
	var items []ancestorItem
	if err := json.Unmarshal(asJSON(value), &items); err != nil {
		return state.State{}, fmt.Errorf("%w: a JSON list that the ancestor did not write: %w", ErrCorrupt, err)
	}
	var s state.State
	for _, item := range items {
		if err := item.addTo(&s); err != nil {
			return state.State{}, err
		}
	}
	return s, nil
}

// addTo merges the item into s.
func (a ancestorItem) addTo(s *state.State) error {
	id, err := a.id()
	if err != nil {
		return err
	}
	if a.Modified == nil || *a.Modified < 1 || *a.Modified > math.MaxInt64/1000 {
		return fmt.Errorf("%w: ancestor's item %q: modified is missing or out of range", ErrCorrupt, id)
	}
	version := 1000 * *a.Modified
	if a.Deleted {
		s.RemoveEntry(id, "", version)
		return nil
	}
	date, ok := ancestorDate(a.Score, version)
	if !ok {
		return fmt.Errorf("%w: ancestor's item %q has the score %.20q: expected a number", ErrCorrupt, id, a.Score)
	}
	s.Put(state.Entry{ID: id, Version: version, Live: true, Date: date, Data: state.Plain(a.data())})
	return nil
}

func (a ancestorItem) id() (string, error) {
	var text string
	if err := json.Unmarshal(a.ID, &text); err == nil {
		return checkAncestorID(text)
	}
	var number json.Number
	if err := json.Unmarshal(a.ID, &number); err != nil || number == "" || fromPython(a.ID) {
		return "", fmt.Errorf("%w: ancestor's id is %s: expected a text or a number", ErrCorrupt, a.ID)
	}
	return checkAncestorID(number.String())
}

func checkAncestorID(id string) (string, error) {
	if id == "" || len(id) > maxName {
		return "", fmt.Errorf("%w: ancestor's id has %d bytes", ErrCorrupt, len(id))
	}
	return id, nil
}

// data returns the payload as JSON; nil for null.
func (a ancestorItem) data() []byte {
	if len(a.Data) == 0 || string(a.Data) == "null" || fromPython(a.Data) {
		return nil
	}
	return withNulls(a.Data)
}
