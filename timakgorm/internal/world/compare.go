package world

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak/driver"
)

// TrackedTable is a table whose timelines are compared with its rows.
type TrackedTable struct {
	Name  string
	Model any
	Read  func(db *gorm.DB) ([]Shown, error)
}

// RowsOf reads all rows of a model, and tells what they should show.
func RowsOf[T Shower](db *gorm.DB) (out []Shown, err error) {
	var rows []T
	err = db.Unscoped().Find(&rows).Error
	for _, row := range rows {
		out = append(out, row.Shown()...)
	}
	return out, err
}

// PostTable is the table of posts.
var PostTable = TrackedTable{"posts", &Post{}, RowsOf[PostRow]}

// KeyedStore is a memstore that knows its keys.
type KeyedStore struct {
	driver.Store

	Mu   sync.Mutex
	Keys map[string]bool
}

// Put implements driver.Store.
func (s *KeyedStore) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	s.Mu.Lock()
	s.Keys[key] = true
	s.Mu.Unlock()
	return s.Store.Put(ctx, key, value, token)
}

// Wanted reads the tables and returns what their timelines should be, by key.
func Wanted(db *gorm.DB, tables []TrackedTable) (map[string][]Shown, error) {
	want := map[string][]Shown{}
	for _, t := range tables {
		rows, err := t.Read(db)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", t.Name, err)
		}
		for _, s := range rows {
			want[s.Key] = append(want[s.Key], s)
		}
	}
	for _, items := range want {
		slices.SortFunc(items, func(a, b Shown) int { return -compareShown(a, b) })
	}
	return want, nil
}

// compareShown orders items by date, to the microsecond, and then by id.
func compareShown(a, b Shown) int {
	return cmp.Or(a.At.Truncate(time.Microsecond).Compare(b.At.Truncate(time.Microsecond)),
		cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
}
