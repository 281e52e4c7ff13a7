package timakgorm

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// unplaceables are the differences of unplaceable rows, of which there may be
// any number: all are counted, and the first are kept.
type unplaceables struct {
	limit int
	count int
	kept  []Difference
}

func (u *unplaceables) add(d Difference) {
	u.count++
	if len(u.kept) < u.limit {
		u.kept = append(u.kept, d)
	}
}

// unplaceable is the difference of a row that a timeline lacks, empty if it cannot
// be named.
func unplaceable(t *table, pk, key string, reason error) Difference {
	return Difference{Kind: Unplaceable, Key: key, Table: t.model.table, Row: t.pkText(pk), Reason: reason.Error()}
}

// pkText returns a primary key, a JSON object, as the outbox has it.
func (t *table) pkText(pk string) string {
	var columns map[string]json.RawMessage
	if err := json.Unmarshal([]byte(pk), &columns); err != nil {
		return pk
	}
	separator := ","
	if t.dialect.numbered {
		separator = ", "
	}
	values := make([]string, len(t.model.keys))
	for i, field := range t.model.keys {
		values[i] = string(columns[field.DBName])
	}
	return "[" + strings.Join(values, separator) + "]"
}

// odd notes the rows of which a source can make no key.
func (v *verification) odd(ctx context.Context, s keySource, values []any) error {
	o, err := v.p.outbox()
	if err != nil {
		return err
	}
	found := unplaceables{limit: max(v.opts.Limit, 0)}
	err = s.table.readRows(ctx, o.db, s.compared("=", values), values, func(pk string, text *string) error {
		if reason := s.reason(text); reason != nil {
			found.add(unplaceable(s.table, pk, "", reason))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("timakgorm: read %s: %w", s.table.model.table, err)
	}
	v.report.Unplaceable += found.count
	v.report.Remaining += found.count
	for _, d := range found.kept {
		v.keep(d)
	}
	return nil
}

// reason returns why the source's rule cannot place an image that it wants to
// place.
func (s keySource) reason(text *string) error {
	i, err := parseImage(text)
	if err == nil && i != nil {
		_, _, err = s.table.model.apply(s.rule, i, s.table.model.checkKey(i))
	}
	return err
}
