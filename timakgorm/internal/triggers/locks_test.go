package triggers_test

import (
	"database/sql"
	"slices"
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestTriggers_locks: the triggers lock nothing that another writer waits for. While
// a transaction has changed some rows, those rows are all that is locked: no other of
// the table, none of timak's own tables, no table and no advisory lock. So all cycles
// of writers are of the rows that their own statements lock, in the order of these.
func TestTriggers_locks(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	w.Drain()
	others := w.Session()
	for name, c := range map[string]struct {
		locked []int64
		write  func(tx *gorm.DB) error
	}{
		"create": {nil, func(tx *gorm.DB) error { return tx.Create(&world.Post{ID: 50, AuthorID: 1, Published: true}).Error }},
		"update": {[]int64{10}, func(tx *gorm.DB) error { return tx.Model(&world.Post{ID: 10}).Update("author_id", 2).Error }},
		"several": {[]int64{10, 11}, func(tx *gorm.DB) error {
			return tx.Model(&world.Post{}).Where("id IN (10, 11)").Update("title", "x").Error
		}},
		"soft delete": {[]int64{11}, func(tx *gorm.DB) error { return tx.Delete(&world.Post{ID: 11}).Error }},
		"delete":      {[]int64{12}, func(tx *gorm.DB) error { return tx.Unscoped().Delete(&world.Post{ID: 12}).Error }},
		"key":         {[]int64{10}, func(tx *gorm.DB) error { return tx.Model(&world.Post{}).Where("id = 10").Update("id", 90).Error }},
		"upsert":      {[]int64{10}, func(tx *gorm.DB) error { return tx.Save(&world.Post{ID: 10, AuthorID: 3, Published: true}).Error }},
	} {
		tx := w.DB.Begin()
		w.Must(tx.Error)
		w.Must(c.write(tx))
		var heavy []string
		w.Must(tx.Raw(`SELECT locktype || ' ' || mode FROM pg_locks WHERE pid = pg_backend_pid() AND NOT (locktype IN ('virtualxid', 'transactionid')
			OR locktype = 'relation' AND mode IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock'))`).Scan(&heavy).Error)
		if len(heavy) > 0 {
			t.Errorf("%s: it holds %v", name, heavy)
		}
		var all []int64
		w.Must(w.DB.Raw("SELECT id FROM posts ORDER BY id").Scan(&all).Error)
		var locked []int64
		w.Script(others, "BEGIN")
		for _, id := range all {
			if free(w, others, "SELECT id FROM posts WHERE id = $1 FOR UPDATE SKIP LOCKED", id) == 0 {
				locked = append(locked, id)
			}
		}
		if !slices.Equal(locked, c.locked) {
			t.Errorf("%s: it has locked %v, want %v", name, locked, c.locked)
		}
		if free(w, others, "SELECT 1 FROM timak_clock WHERE high >= $1 FOR UPDATE SKIP LOCKED", -1) != 1 {
			t.Errorf("%s: it has locked the clock", name)
		}
		w.Script(others, "ROLLBACK")
		w.Must(tx.Rollback().Error)
	}
}

// free returns how many rows a query finds that locks those which it can.
func free(w *world.World, conn *sql.Conn, query string, arg int64) (n int) {
	w.Helper()
	rows, err := conn.QueryContext(w.Context(), query, arg)
	w.Must(err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		n++
	}
	w.Must(rows.Err())
	return n
}
