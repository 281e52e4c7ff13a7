package session_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// permitWrites write the table that the name permits means.
var permitWrites = []world.Operation{
	{Name: "create", Run: func(db *gorm.DB) error {
		return db.Create(&world.Permit{ID: 4, HallID: 7, Code: "x", CreatedAt: world.At(4)}).Error
	}},
	{Name: "create a row that the tracked table has", Run: func(db *gorm.DB) error {
		return db.Create(&world.Permit{ID: 3, HallID: 7, Code: "x", CreatedAt: world.At(4)}).Error
	}},
	{Name: "create, the key made", Run: func(db *gorm.DB) error {
		return db.Create(&world.Permit{HallID: 7, Code: "x", CreatedAt: world.At(4)}).Error
	}},
	{Name: "create many", Run: func(db *gorm.DB) error {
		return db.Create(&[]world.Permit{{HallID: 7, Code: "x", CreatedAt: world.At(4)}, {ID: 3, HallID: 7, Code: "y", CreatedAt: world.At(4)}}).Error
	}},
	{Name: "create a map", Run: func(db *gorm.DB) error {
		return db.Model(&world.Permit{}).Create(map[string]any{"ID": 3, "HallID": 7, "Code": "x", "CreatedAt": world.At(4)}).Error
	}},
	{Name: "update", Run: func(db *gorm.DB) error { return db.Model(&world.Permit{ID: 1}).Update("hall_id", 8).Error }},
	{Name: "update many", Run: func(db *gorm.DB) error { return db.Model(&world.Permit{}).Where("id > 0").Update("hall_id", 9).Error }},
	{Name: "update what no rule names", Run: func(db *gorm.DB) error { return db.Model(&world.Permit{}).Where("id > 0").Update("seen", 5).Error }},
	{Name: "update the key", Run: func(db *gorm.DB) error { return db.Model(&world.Permit{}).Where("id = 1").Update("id", 3).Error }},
	{Name: "update what is not there", Run: func(db *gorm.DB) error { return db.Model(&world.Permit{ID: 3}).Update("hall_id", 8).Error }},
	{Name: "save", Run: func(db *gorm.DB) error {
		return db.Save(&world.Permit{ID: 1, HallID: 8, Code: "x", CreatedAt: world.At(4)}).Error
	}},
	{Name: "save a new one", Run: func(db *gorm.DB) error {
		return db.Save(&world.Permit{ID: 3, HallID: 8, Code: "x", CreatedAt: world.At(4)}).Error
	}},
	{Name: "delete", Run: func(db *gorm.DB) error { return db.Delete(&world.Permit{ID: 1}).Error }},
	{Name: "delete many", Run: func(db *gorm.DB) error { return db.Where("hall_id = 7").Delete(&world.Permit{}).Error }},
	{Name: "upsert", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]world.Permit{
			{ID: 1, HallID: 8, Code: "x", CreatedAt: world.At(4)}, {ID: 3, HallID: 8, Code: "y", CreatedAt: world.At(5)},
		}).Error
	}},
	{Name: "upsert by a code", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "code"}}, DoUpdates: clause.AssignmentColumns([]string{"hall_id"})}).
			Create(&world.Permit{HallID: 8, Code: "a1", CreatedAt: world.At(4)}).Error
	}},
	{Name: "upsert that does nothing", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]world.Permit{
			{ID: 1, HallID: 8, Code: "x", CreatedAt: world.At(4)}, {ID: 3, HallID: 8, Code: "y", CreatedAt: world.At(5)},
		}).Error
	}},
	{Name: "first or create", Run: func(db *gorm.DB) error {
		return db.Where("code = ?", "n").Attrs(world.Permit{HallID: 7, Code: "n", CreatedAt: world.At(4)}).FirstOrCreate(&world.Permit{}).Error
	}},
	{Name: "raw", Run: func(db *gorm.DB) error {
		const update = "UPDATE permits SET hall_id = 8 WHERE id = 1"
		if len(db.Plugins) == 0 {
			return db.Exec(update).Error
		}
		return timakgorm.Exec(db, timakgorm.Rows(&world.Permit{}, "id > 0"), update)
	}},
	{Name: "raw, touched", Run: func(db *gorm.DB) error {
		err := timakgorm.Unwatched(db).Exec("UPDATE permits SET hall_id = 8 WHERE id = 1").Error
		if err != nil || len(db.Plugins) == 0 {
			return err
		}
		return timakgorm.Touch(db, &world.Permit{}, "id > 3") // what is touched is recorded
	}},
}

// permitPaths are ways for a session to come to find permits in the schema %[1]s.
var permitPaths = map[string]func(db *gorm.DB, schema string) error{
	"set local": func(db *gorm.DB, schema string) error {
		return db.Exec("SET LOCAL search_path = " + schema + ", public").Error
	},
	"a path without public": func(db *gorm.DB, schema string) error { return db.Exec("set local search_path to " + schema).Error },
	"set schema":            func(db *gorm.DB, schema string) error { return db.Exec("SET LOCAL SCHEMA '" + schema + "'").Error },
	"a setting": func(db *gorm.DB, schema string) error {
		return db.Raw("SELECT set_config(?, ?, true)", "search_path", schema+",public").Scan(new(string)).Error
	},
	"a function": func(db *gorm.DB, schema string) error {
		return db.Raw("SELECT go_to(?)", schema+", public").Scan(new(string)).Error
	},
	"behind GORM": func(db *gorm.DB, schema string) error {
		_, err := db.Statement.ConnPool.ExecContext(context.Background(), "SET LOCAL search_path = "+schema+", public")
		return err
	},
	"a temporary table": func(db *gorm.DB, _ string) error {
		for _, statement := range temporaryPermits {
			if err := timakgorm.Unwatched(db).Exec(statement).Error; err != nil {
				return err
			}
		}
		return nil
	},
	"a temporary table, made behind GORM": func(db *gorm.DB, _ string) error {
		for _, statement := range temporaryPermits {
			if _, err := db.Statement.ConnPool.ExecContext(context.Background(), statement); err != nil {
				return err
			}
		}
		return nil
	},
}

var temporaryPermits = []string{
	"CREATE TEMP TABLE permits (LIKE public.permits INCLUDING ALL) ON COMMIT DROP",
	"CREATE TEMP SEQUENCE ids START 100", "ALTER TABLE pg_temp.permits ALTER id SET DEFAULT nextval('pg_temp.ids')",
	"INSERT INTO pg_temp.permits SELECT * FROM twin.permits",
}

// permits is what the name permits means in a session, row by row.
func permits(db *gorm.DB) (string, error) {
	var rows []world.Permit
	err := db.Order("id").Find(&rows).Error
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintln(&b, row.ID, row.HallID, row.Code, row.Seen, row.CreatedAt.UTC())
	}
	return b.String(), err
}

// TestNames: what a session writes by the name of a tracked table, but finds
// elsewhere, is written as without the plugin, and no timeline takes notice; what
// it writes in the tracked table it has to name with its schema, and is followed.
func TestNames(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		for way, stray := range permitPaths {
			t.Run(way, func(t *testing.T) {
				t.Parallel()
				w := world.PermitWorld(t, by, nil)
				plain := world.OpenDSN(t, "postgres", w.DSN, nil)
				for _, write := range permitWrites {
					w.Must(plain.Exec("SELECT setval('acme.ids', 100, false), setval('twin.ids', 100, false)").Error)
					var want, got string
					w.Must(world.Undone(plain, func(tx *gorm.DB) error {
						err := errors.Join(permitPaths["set local"](tx, "twin"), write.Run(tx))
						if err == nil {
							want, err = permits(tx)
						}
						return err
					}))
					err := world.Undone(w.DB, func(tx *gorm.DB) error {
						err := world.FirstError(stray(tx, "acme"), func() error { return write.Run(tx) })
						if err == nil {
							got, err = permits(tx)
						}
						return errors.Join(err, nothingWaits(w, tx))
					})
					if err != nil {
						t.Errorf("%s: %v", write.Name, err)
						continue
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s (-without the plugin +with it):\n%s", write.Name, diff)
					}
				}
				w.WantIDs("hall:1", "permits:3", "permits:2", "permits:1")
				w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
					w.Must(stray(tx, "acme"))
					return errors.Join(tx.Table("public.permits").Create(&world.Permit{ID: 5, HallID: 1, Code: "p5", CreatedAt: world.At(5)}).Error,
						tx.Table("public.permits").Where("id = 1").Update("hall_id", 2).Error,
						tx.Table("public.permits AS t").Where("t.id = 2").Delete(&world.Permit{}).Error,
						timakgorm.Exec(tx, timakgorm.Rows(&world.Permit{}, "id > 0"), "UPDATE public.permits SET hall_id = 2 WHERE id = 3"))
				}))
				w.WantIDs("hall:1", "permits:5")
				w.WantIDs("hall:2", "permits:3", "permits:1")
				w.WantDifferences()
				if w.Dead() > 0 {
					t.Error("there are dead letters")
				}
			})
		}
	})
}

// nothingWaits looks for changes in the outbox.
func nothingWaits(w *world.World, tx *gorm.DB) error {
	var n int64
	if err := tx.Table("public.timak_outbox").Count(&n).Error; err != nil || n == 0 {
		return err
	}
	return fmt.Errorf("%d changes are recorded", n)
}
