package main

import (
	"testing"

	"gorm.io/gorm"
)

// database is a blog's tables, as another program sees them.
type database struct {
	t  *testing.T
	db *gorm.DB
}

func tables(t *testing.T, args []string) database {
	t.Helper()
	c, err := parseConfig(args, noEnv, &output{}, &output{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := openDatabase(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if pool, err := db.DB(); err == nil {
			_ = pool.Close()
		}
	})
	return database{t, db}
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
