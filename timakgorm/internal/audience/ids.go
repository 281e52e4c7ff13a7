package audience

import (
	"fmt"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// ids refuses two tables that put items on one timeline whose ids are numbers and nothing
// else: row 7 of the one and row 7 of the other would be one item, which shows either and
// goes with either. An id with a text in it is taken as meant: rows may move between tables
// and keep it.
func (a *Audiences) ids(tables []*dialect.Table) error {
	for n, t := range tables {
		for _, other := range tables[:n] {
			for _, r := range numbered(other.Model) {
				for _, s := range numbered(t.Model) {
					if r.ID.Meets(s.ID.Template) && a.share(r, s) {
						return fmt.Errorf("timakgorm: %s and %s put items on the same timeline by id=%s and id=%s, so that rows with equal numbers would be one item: expected a text that tells them apart, such as id=%s:%s, or no id=…",
							other.Model.Schema.Name, t.Model.Schema.Name, r.ID, s.ID, other.Model.Table, r.ID)
					}
				}
			}
		}
	}
	return nil
}

// numbered returns the rules of a model whose ids are numbers and nothing else.
func numbered(m *model.Model) (rules []model.Rule) {
	for _, r := range slices.Concat(m.Publications, m.Rules) {
		others := func(field *schema.Field) bool {
			kind := model.KindOf(field)
			return kind != schema.Int && kind != schema.Uint
		}
		if r.ID.Columns != nil && r.ID.Bare() && !slices.ContainsFunc(r.ID.Columns, others) {
			rules = append(rules, r)
		}
	}
	return rules
}
