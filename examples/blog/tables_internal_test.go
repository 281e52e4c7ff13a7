package main

import (
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/timak"
)

// database is a blog's tables, as another program sees them.
type database struct {
	t  *testing.T
	db *gorm.DB
}

func tables(t *testing.T, args []string) database {
	t.Helper()
	s, err := storage.OpenTables(t.Context(), configOf(t, args).storage)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return database{t, s.DB}
}

func configOf(t *testing.T, args []string) config {
	t.Helper()
	c, err := parseConfig(args, noEnv, &output{}, &output{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// withTimelines calls do with the timelines of a blog that is not running, if they are in
// its folder.
func withTimelines(t *testing.T, args []string, do func(*timak.Timelines)) {
	t.Helper()
	s, err := storage.Open(t.Context(), configOf(t, args).storage)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	store, err := s.OpenTimelines(t.Context(), quiet())
	if err != nil {
		t.Fatal(err)
	}
	do(timak.New(store, nil))
}

func (d database) exec(sql string, values ...any) {
	d.t.Helper()
	if err := d.db.Exec(sql, values...).Error; err != nil {
		d.t.Fatal(err)
	}
}

// count returns the only number that a query finds.
func (d database) count(sql string, values ...any) int {
	d.t.Helper()
	var n int
	if err := d.db.Raw(sql, values...).Scan(&n).Error; err != nil {
		d.t.Fatal(err)
	}
	return n
}
