package cascade_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// checkCascade compares timelines with tables, and the log's lines with the tables
// that it is to tell of, each once.
func checkCascade(w *world.World, log *bytes.Buffer, told ...string) {
	w.Helper()
	w.Drain()
	report, err := w.Plugin.Verify(w.Context(), timakgorm.VerifyOptions{})
	w.Must(err)
	if clean := report.Clean(); clean != (len(told) == 0) {
		w.Errorf("clean: %v, want %v: %v", clean, len(told) == 0, report.Differences)
	}
	lines := strings.Count(log.String(), "level=WARN")
	if lines != len(told) {
		w.Errorf("%d lines in the log, want %d:\n%s", lines, len(told), log)
	}
	for _, table := range told {
		if !strings.Contains(log.String(), " table="+table+" ") {
			w.Errorf("the log does not tell of %s:\n%s", table, log)
		}
	}
}

// cascadeStatement is a way to set off foreign keys.
type cascadeStatement struct {
	name   string
	run    func(db *gorm.DB) error
	told   []string
	pragma string // SQLite: in place of that foreign keys are enforced
	only   string
}

var cascadeStatements = []cascadeStatement{
	{name: "delete, far away", run: func(db *gorm.DB) error { return db.Delete(&world.Empire{ID: 1}).Error }},
	{name: "delete of many", run: func(db *gorm.DB) error { return db.Where("id > 0").Delete(&world.Zone{}).Error }},
	{name: "delete of the own table", run: func(db *gorm.DB) error { return db.Delete(&world.Spot{ID: 10}).Error }},
	{name: "delete of a parent's columns", run: func(db *gorm.DB) error { return db.Delete(&world.Realm{ID: 2}).Error }},
	{name: "delete by an alias", run: func(db *gorm.DB) error { return db.Table("zones AS Z").Where("Z.id = 1").Delete(&world.Zone{}).Error }},
	{name: "delete of nobody", run: func(db *gorm.DB) error { return db.Delete(&world.Zone{ID: 99}).Error }},
	{name: "update of a key, and of columns with it", run: func(db *gorm.DB) error { return db.Model(&world.Zone{ID: 1}).Update("id", 9).Error }},
	{name: "update of a column that is referred to", run: func(db *gorm.DB) error { return db.Model(&world.Realm{ID: 1}).Update("code", "z").Error }},
	{name: "update of the own key", run: func(db *gorm.DB) error { return db.Model(&world.Spot{ID: 13}).Update("id", 93).Error }},
	{name: "update of another column", run: func(db *gorm.DB) error { return db.Model(&world.Realm{ID: 1}).Update("name", "z").Error }},
	{name: "save", run: func(db *gorm.DB) error { return db.Save(&world.Realm{ID: 1, Code: "z"}).Error }},
	{name: "transaction", run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return world.FirstError(tx.Delete(&world.Zone{ID: 1}).Error, func() error { return tx.Create(&world.Zone{ID: 1}).Error })
		})
	}},
	{name: "without a transaction", run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{SkipDefaultTransaction: true}).Delete(&world.Realm{ID: 1}).Error
	}},
	{name: "prepared", run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{PrepareStmt: true}).Delete(&world.Realm{ID: 1}).Error
	}},
	{name: "connection", run: func(db *gorm.DB) error {
		return db.Connection(func(tx *gorm.DB) error { return tx.Delete(&world.Realm{ID: 1}).Error })
	}},
	{name: "delete returning", run: func(db *gorm.DB) error {
		return db.Clauses(clause.Returning{}).Where("id = 1").Delete(&[]world.Realm{}).Error
	}},
	{name: "generics", run: func(db *gorm.DB) error {
		_, err := gorm.G[world.Realm](db).Where("id = ?", 1).Delete(db.Statement.Context)
		return err
	}},
	{name: "a rollback", run: func(db *gorm.DB) error {
		tx := db.Begin()
		return world.FirstError(tx.Delete(&world.Empire{ID: 1}).Error, func() error { return tx.Rollback().Error })
	}},
	{name: "a savepoint", run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			_ = tx.Transaction(func(tx *gorm.DB) error {
				return world.FirstError(tx.Delete(&world.Empire{ID: 1}).Error, func() error { return world.ErrRollback })
			})
			return tx.Delete(&world.Zone{ID: 3}).Error
		})
	}},
	{name: "delete with joined tables", only: "postgres", run: func(db *gorm.DB) error {
		return db.Table("zones USING realms").Where("realms.id = zones.realm_id AND realms.code = 'a'").Delete(&world.Zone{}).Error
	}},
	{name: "update from another table", run: func(db *gorm.DB) error {
		return db.Model(&world.Zone{}).Clauses(clause.From{Tables: []clause.Table{{Name: "realms"}}}).
			Where("realms.id = zones.realm_id AND realms.code = 'b'").Update("id", gorm.Expr("zones.id + 90")).Error
	}},

	{name: "upsert of a column that is referred to", told: []string{"spots"}, run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, UpdateAll: true}).Create(&world.Realm{ID: 1, Code: "z"}).Error
	}},
	{name: "upsert of other columns", run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"name"})}).
			Create(&world.Realm{ID: 1, Code: "a", Name: "z"}).Error
	}},
	{name: "upsert in the own table", run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, UpdateAll: true}).Create(&world.Spot{ID: 13, Name: "z"}).Error
	}},
	{name: "insert or replace", only: "sqlite", run: func(db *gorm.DB) error {
		return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&world.Realm{ID: 1, Code: "a"}).Error
	}},
	{name: "insert or replace by a unique column", only: "sqlite", run: func(db *gorm.DB) error {
		return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&[]world.Realm{{ID: 7, Code: "a"}, {ID: 8, Code: "x"}}).Error
	}},
	{name: "insert or replace in the own table", only: "sqlite", run: func(db *gorm.DB) error {
		return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&world.Spot{ID: 10}).Error
	}},
	{name: "update or replace", only: "sqlite", run: func(db *gorm.DB) error {
		return db.Clauses(clause.Update{Modifier: "OR REPLACE"}).Model(&world.Zone{ID: 3}).Update("id", 1).Error
	}},

	{name: "raw delete", told: []string{"spots", "pins"}, run: world.Executed("DELETE FROM empires WHERE id = 1")},
	{name: "raw delete in a WITH", only: "postgres", told: []string{"spots", "pins"}, run: world.Executed("WITH gone AS (DELETE FROM empires RETURNING id) SELECT * FROM gone")},
	{name: "raw delete returning", told: []string{"spots", "pins"}, run: func(db *gorm.DB) error {
		var id uint
		return db.Raw("DELETE FROM realms WHERE id = 1 RETURNING id").Scan(&id).Error
	}},
	{name: "raw delete returning, found", told: []string{"spots", "pins"}, run: func(db *gorm.DB) error {
		return db.Raw("DELETE FROM realms WHERE id = 1 RETURNING id").Find(&[]world.Realm{}).Error
	}},
	{name: "raw update", told: []string{"spots"}, run: world.Executed("UPDATE realms SET \"code\" = 'z' WHERE id = 1")},
	{name: "raw update of another column", run: world.Executed("UPDATE realms SET name = 'z'")},
	{name: "raw insert", run: world.Executed("INSERT INTO realms (id) VALUES (77)")},
	{name: "raw upsert", told: []string{"spots"}, run: world.Executed("INSERT INTO realms (id, code) VALUES (1, 'z') ON CONFLICT (id) DO UPDATE SET code = excluded.code")},
	{name: "raw merge", only: "postgres", told: []string{"spots", "pins"}, run: world.Executed("MERGE INTO realms USING empires ON empires.id = realms.empire_id WHEN MATCHED THEN DELETE")},
	{name: "raw replace", only: "sqlite", told: []string{"spots", "pins"}, run: world.Executed("REPLACE INTO realms (id, code) VALUES (1, 'a')")},
	{name: "raw update or replace", only: "sqlite", told: []string{"spots", "pins"}, run: world.Executed("UPDATE OR REPLACE zones SET id = 1 WHERE id = 3")},
	{name: "block of code", only: "postgres", told: []string{"spots", "pins"}, run: world.Executed("DO $$ BEGIN DELETE FROM realms WHERE id = 1; END $$")},
	{name: "block of code that runs a text", only: "postgres", told: []string{"spots", "pins"}, run: world.Executed("DO 'BEGIN EXECUTE ''DELETE FROM realms WHERE id = 1''; END'")},
	{name: "truncate", only: "postgres", told: []string{"spots", "pins"}, run: world.Executed("TRUNCATE empires CASCADE")},
	{name: "drop of the table", only: "sqlite", told: []string{"spots", "pins"}, run: world.Executed("DROP TABLE realms")},
	{name: "drop of the table, its keys go with it", only: "postgres", run: world.Executed("DROP TABLE zones CASCADE")},
	{name: "drop of the table by the migrator", only: "sqlite", told: []string{"spots", "pins"}, run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return tx.Migrator().DropTable(&world.Realm{}) })
	}},
	{name: "drop of a column", only: "sqlite", told: []string{"spots", "pins"}, run: func(db *gorm.DB) error {
		return db.Migrator().DropColumn(&world.Realm{}, "Name")
	}},
	{name: "drop of a column, its keys go with it", only: "postgres", run: world.Executed("ALTER TABLE realms DROP COLUMN code CASCADE")},

	{name: "rows that are named", run: func(db *gorm.DB) error {
		return timakgorm.Follow(db, func(tx *gorm.DB) error { return tx.Exec("DELETE FROM empires").Error },
			timakgorm.Rows(&world.Spot{}, "1 = 1"), timakgorm.Rows(&world.Pin{}, "1 = 1"))
	}},
	{name: "some of the rows that are named", told: []string{"pins"}, run: func(db *gorm.DB) error {
		return timakgorm.Exec(db, timakgorm.Rows(&world.Spot{}, "1 = 1"), "DELETE FROM empires")
	}},
	{name: "GORM in a change that is followed", run: func(db *gorm.DB) error {
		return timakgorm.Follow(db, func(tx *gorm.DB) error { return tx.Delete(&world.Empire{ID: 1}).Error }, timakgorm.Rows(&world.Spot{}, "1 = 1"))
	}},

	{name: "raw delete with no keys enforced", only: "sqlite", pragma: "&_pragma=foreign_keys(0)", run: world.Executed("DELETE FROM realms WHERE id = 1")},
	{name: "delete with no keys enforced", only: "sqlite", pragma: "&_pragma=foreign_keys(0)", run: func(db *gorm.DB) error {
		return db.Delete(&world.Realm{ID: 1}).Error
	}},
	{name: "keys enforced in one connection", only: "sqlite", pragma: "&_pragma=foreign_keys(0)", told: []string{"spots", "pins"}, run: func(db *gorm.DB) error {
		return db.Connection(func(tx *gorm.DB) error {
			return world.FirstError(tx.Exec("PRAGMA foreign_keys = ON").Error, func() error { return tx.Exec("DELETE FROM realms WHERE id = 1").Error })
		})
	}},
}

// TestCascades: what foreign keys pass on to tracked tables is followed, or told to
// the log.
func TestCascades(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, s := range cascadeStatements {
			if s.only != "" && s.only != dialect {
				continue
			}
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				pragma := world.Enforced
				if s.pragma != "" {
					pragma = s.pragma
				}
				w, log := world.AtlasWorld(t, dialect, pragma)
				w.Must(s.run(w.DB))
				checkCascade(w, log, s.told...)
			})
		}
	})
}

// TestCascades_schemaChanges: a foreign key that this program makes or drops is known
// at once, one that another does when the plugin looks again.
func TestCascades_schemaChanges(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		const table = "CREATE TABLE leaves (id bigint PRIMARY KEY, place text %s, created_at timestamp)"
		const refers = "REFERENCES branches ON DELETE CASCADE"
		plain := "CREATE TABLE branches (code text PRIMARY KEY);" + fmt.Sprintf(table, "")
		w, log := world.CascadeWorld(t, dialect, world.Enforced, []string{plain}, &Leaf{})
		fill := func(code string) {
			w.Must(w.DB.Table("branches").Create(map[string]any{"code": code}).Error)
			w.Must(w.DB.Create(&Leaf{ID: 1, Place: code, CreatedAt: world.At(0)}).Error)
		}
		fill("a")
		w.Must(gone("branches", "code = 'a'")(w.DB))
		checkCascade(w, log)

		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			return world.FirstError(tx.Exec("DROP TABLE leaves").Error, func() error { return tx.Exec(fmt.Sprintf(table, refers)).Error })
		}))
		w.Must(w.DB.Table("branches").Create(map[string]any{"code": "b"}).Error)
		w.Must(w.DB.Create(&Leaf{ID: 1, Place: "b", CreatedAt: world.At(0)}).Error)
		log.Reset() // of the tracked table that was dropped
		w.Must(gone("branches", "code = 'b'")(w.DB))
		checkCascade(w, log)
		w.WantIDs("leaves")

		w.Must(w.DB.Exec("CREATE TABLE others (id bigint PRIMARY KEY, code text " + refers + ")").Error)
		w.Must(world.Outside("DROP TABLE others")(w.DB))
		w.Must(world.Outside("CREATE TABLE trees (id int PRIMARY KEY)")(w.DB))
		w.Must(world.Outside("ALTER TABLE branches ADD COLUMN tree_id int REFERENCES trees ON DELETE CASCADE")(w.DB))
		w.Must(w.DB.Exec("CREATE TABLE a_change_of_ours (id int)").Error) // after which the plugin looks again
		w.Must(world.Outside("INSERT INTO trees VALUES (1); INSERT INTO branches VALUES ('c', 1)")(w.DB))
		w.Must(w.DB.Create(&Leaf{ID: 2, Place: "c", CreatedAt: world.At(0)}).Error)
		w.WantIDs("leaves", "leaves:2")
		w.Must(gone("trees", "id = 1")(w.DB))
		checkCascade(w, log)
		w.WantIDs("leaves")
	})
}

// TestCascades_race: rows that others add meanwhile to what is deleted are followed
// too, and so are parents that come to be meant meanwhile.
func TestCascades_race(t *testing.T) {
	t.Parallel()
	w, log := world.AtlasWorld(t, "postgres", "")
	w.Must(w.DB.Where("1 = 1").Delete(&world.Spot{}).Error)
	w.Must(w.DB.Where("1 = 1").Delete(&world.Zone{}).Error)
	const rounds = 60
	add := func(from uint) func() {
		return func() {
			for i := range uint(rounds) {
				id := from + i
				err := w.DB.Create(&world.Zone{ID: id, RealmID: new(1 + id%2), Name: "x"}).Error
				world.LogError(t, "zone", err)
				world.LogError(t, "spot", w.DB.Create(&world.Spot{ID: id, ZoneID: &id, CreatedAt: world.At(int(i))}).Error)
				world.LogError(t, "late spot", w.DB.Create(&world.Spot{ID: id + 5000, ZoneID: new(from), CreatedAt: world.At(int(i))}).Error)
			}
		}
	}
	remove := func(realm uint) func() {
		return func() {
			for range rounds {
				world.LogError(t, "delete", w.DB.Where("realm_id = ?", realm).Delete(&world.Zone{}).Error)
				world.LogError(t, "change", w.DB.Model(&world.Realm{}).Where("id > 0").Update("code", gorm.Expr("code || 'x'")).Error)
			}
		}
	}
	world.AtOnce(add(1000), add(2000), remove(1), remove(2))
	checkCascade(w, log)
}
