package audit

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// unplaceables are the differences of unplaceable rows. There may be very many: all are
// counted, and the first ones are kept.
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

// unplaceable returns the difference of an unplaceable row. key is empty if no key can
// be made.
func unplaceable(t *dialect.Table, pk, key string, reason error) Difference {
	return Difference{Kind: Unplaceable, Key: key, Table: t.Model.Table, Row: pkText(t, pk), Reason: reason.Error()}
}

// pkText returns a primary key, given as a JSON object, as the outbox has it.
func pkText(t *dialect.Table, pk string) string {
	var columns map[string]json.RawMessage
	if err := json.Unmarshal([]byte(pk), &columns); err != nil {
		return pk
	}
	separator := ","
	if t.Dialect.Numbered {
		separator = ", "
	}
	values := make([]string, len(t.Model.Keys))
	for i, field := range t.Model.Keys {
		values[i] = string(columns[field.DBName])
	}
	return "[" + strings.Join(values, separator) + "]"
}

// noteUnkeyed adds to the report the rows from whose values a source can make no key.
func (v *verification) noteUnkeyed(ctx context.Context, s keySource, values []any) error {
	o, err := v.audit.relay.Outbox()
	if err != nil {
		return err
	}
	found := unplaceables{limit: max(v.opts.Limit, 0)}
	err = readRows(ctx, o.DB, s.table, s.compared("=", values), values, func(pk string, text *string) error {
		if reason := s.reason(text); reason != nil {
			found.add(unplaceable(s.table, pk, "", reason))
		}
		return nil
	})
	if err != nil {
		return err
	}
	v.report.Unplaceable += found.count
	v.report.Remaining += found.count
	for _, d := range found.kept {
		v.keep(d)
	}
	return nil
}

// reason returns why the source's rule cannot place an image to which it applies; nil
// if it can, or does not apply.
func (s keySource) reason(text *string) error {
	i, err := model.ParseImage(text)
	if err == nil && i != nil {
		err = s.place(i)
	}
	return err
}
