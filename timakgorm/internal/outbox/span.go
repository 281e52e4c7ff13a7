package outbox

import "slices"

// span is a part of the outbox: some ids, and all ids behind another one.
type span struct {
	ids   []int64 // none is behind after; none on SQLite
	after int64
}

// rows returns a FROM item of the changes in the span, and its parameters. rest goes on
// with the query for those behind its end.
func (p span) rows(rest string, args ...any) (item string, params []any) {
	behind := "SELECT * FROM timak_outbox WHERE id > ?" + rest
	if len(p.ids) == 0 {
		return "(" + behind + ")", append([]any{p.after}, args...)
	}
	return "(SELECT * FROM timak_outbox WHERE id = ANY (CAST(CAST(? AS text) AS bigint[])) UNION ALL (" + behind + "))",
		append([]any{ArrayText(p.ids), p.after}, args...)
}

// from returns the part of the span that begins with an id.
func (p span) from(id int64) span {
	ids := slices.DeleteFunc(slices.Clone(p.ids), func(one int64) bool { return one < id })
	return span{ids: ids, after: max(p.after, id-1)}
}

// upTo returns the span with those of its ids that are not above one.
func (p span) upTo(id int64) span {
	ids := slices.DeleteFunc(slices.Clone(p.ids), func(one int64) bool { return one > id })
	return span{ids: ids, after: p.after}
}
