package timakgorm

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/fault"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/statement"
	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// Load returns the models T that a page's items stand for, in the page's order,
// with one query. It leaves out rows that no longer exist, and items whose ids do
// not have the form that T's rules use by default, <table>:<primary key>. It is an error
// if that leaves nothing because T is not registered, or a rule of T gives its items other
// ids, by id=. db may carry conditions, preloads and a transaction.
func Load[T any](ctx context.Context, db *gorm.DB, page timak.Page) ([]T, error) {
	st := &gorm.Statement{DB: db}
	if err := st.Parse(new(T)); err != nil {
		return nil, fault.Named(fmt.Sprintf("load %T", *new(T)), err)
	}
	keys := itemKeys(ctx, st.Schema, page.Items)
	if len(keys) == 0 {
		return nil, fault.Named("load "+st.Schema.Name, otherIDs(db, st.Schema, page.Items))
	}
	where := statement.WhereIn(clause.CurrentTable, st.Schema.PrimaryFieldDBNames, keys).Expression
	var found []T
	if err := db.WithContext(ctx).Where(where).Find(&found).Error; err != nil {
		return nil, fault.Named("load "+st.Schema.Name, err)
	}
	return inOrder(ctx, st.Schema, page.Items, found)
}

// ItemID returns the id of a row's item by a rule without id=: <table>:<primary key>. model
// is the row, or a pointer to it; its primary key must be set.
func ItemID(db *gorm.DB, model any) (string, error) {
	st := &gorm.Statement{DB: db}
	if err := st.Parse(model); err != nil {
		return "", fault.Named(fmt.Sprintf("item id of %T", model), err)
	}
	row := reflect.Indirect(reflect.ValueOf(model))
	if row.Kind() != reflect.Struct {
		return "", fmt.Errorf("timakgorm: item id of %T: expected one row", model)
	}
	ctx, unset := context.Background(), true
	for _, field := range st.Schema.PrimaryFields {
		_, zero := field.ValueOf(ctx, row)
		unset = unset && zero
	}
	if unset {
		return "", fmt.Errorf("timakgorm: item id of %T: its primary key is not set", model)
	}
	id, err := itemIDOf(ctx, st.Schema, row)
	return id, fault.Named("item id of "+st.Schema.Name, err)
}

// otherIDs returns why none of the items has an id of the schema's table, if that is a
// mistake: no rule puts its rows anywhere, or one does so with id=.
func otherIDs(db *gorm.DB, s *schema.Schema, items []timak.Item) error {
	p, err := pluginOf(db)
	if err != nil {
		return nil // no plugin, no rules
	}
	table := p.tables.Of(s.Table)
	if table == nil && len(items) > 0 {
		return fmt.Errorf("no item of the page is a row of %s, which no registered model has: the first is %q", s.Table, items[0].ID)
	}
	for _, item := range items {
		if id, made := table.Model.IDOption(item.ID); made {
			return fmt.Errorf("the item %q comes from a rule with id=%s: expected ids of the default form, %s:<primary key>, as of rules without id=", item.ID, id, s.Table)
		}
	}
	return nil
}

// itemKeys returns the primary keys of the items that belong to the schema's
// table.
func itemKeys(ctx context.Context, s *schema.Schema, items []timak.Item) [][]any {
	var keys [][]any
	for _, item := range items {
		if texts, ok := model.KeyTexts(s, item.ID); ok {
			if key, ok := keyOf(ctx, s, texts); ok {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// keyOf reads a primary key that was written as texts. It reports false if one of
// them cannot be read.
func keyOf(ctx context.Context, s *schema.Schema, texts []string) ([]any, bool) {
	key := make([]any, len(texts))
	row := reflect.New(s.ModelType).Elem()
	for i, field := range s.PrimaryFields {
		if err := field.Set(ctx, row, texts[i]); err != nil {
			return nil, false
		}
		key[i], _ = field.ValueOf(ctx, row)
	}
	return key, true
}

// inOrder returns the rows in the order of their items.
func inOrder[T any](ctx context.Context, s *schema.Schema, items []timak.Item, found []T) ([]T, error) {
	rows := make(map[string]T, len(found))
	for _, row := range found {
		id, err := itemIDOf(ctx, s, reflect.ValueOf(&row).Elem())
		if err != nil {
			return nil, fault.Named("load "+s.Name, err)
		}
		rows[id] = row
	}
	out := make([]T, 0, len(found))
	for _, item := range items {
		if row, ok := rows[item.ID]; ok {
			out = append(out, row)
		}
	}
	return out, nil
}

// itemIDOf returns the id that a rule gives a row by default.
func itemIDOf(ctx context.Context, s *schema.Schema, row reflect.Value) (string, error) {
	texts := make([]string, len(s.PrimaryFields))
	for i, field := range s.PrimaryFields {
		value, _ := field.ValueOf(ctx, row)
		text, err := model.KeyValue(value)
		if err != nil {
			return "", err
		}
		texts[i] = tag.Escape(fmt.Sprint(text))
	}
	return s.Table + ":" + strings.Join(texts, ","), nil
}
