package timakgorm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
)

// Spot is three foreign keys away from an Empire; of these only spots, and their
// pins, are tracked.
type (
	Empire struct {
		ID   uint
		Name string
	}
	Realm struct {
		ID       uint
		EmpireID *uint
		Code     string
		Name     string
	}
	Zone struct {
		ID      uint
		RealmID *uint
		Name    string
	}
	Spot struct {
		ID        uint
		ZoneID    *uint
		RealmCode *string
		UnderID   *uint
		Name      string
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"key=zone:{ZoneID}:spots; data=UnderID"`
		_ timakgorm.Timeline `timak:"key=realm:{RealmCode}:spots"`
		_ timakgorm.Timeline `timak:"key=spots; data=ZoneID,RealmCode"`
	}
	Pin struct {
		ID        uint
		SpotID    *uint
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"key=spot:{SpotID}:pins"`
		_ timakgorm.Timeline `timak:"key=pins; data=SpotID"`
	}
)

func (s Spot) shown() []shown {
	id, data := fmt.Sprint("spots:", s.ID), func(v any) string {
		text, _ := json.Marshal(v) //nolint:errchkjson // it is for a comparison
		return string(text)
	}
	out := []shown{{"spots", id, s.CreatedAt, fmt.Sprintf(`{"zone_id":%s,"realm_code":%s}`, data(s.ZoneID), data(s.RealmCode))}}
	if s.ZoneID != nil {
		out = append(out, shown{fmt.Sprintf("zone:%d:spots", *s.ZoneID), id, s.CreatedAt, fmt.Sprintf(`{"under_id":%s}`, data(s.UnderID))})
	}
	if s.RealmCode != nil {
		out = append(out, shown{"realm:" + *s.RealmCode + ":spots", id, s.CreatedAt, ""})
	}
	return out
}

func (p Pin) shown() []shown {
	id, spot := fmt.Sprint("pins:", p.ID), "null"
	var out []shown
	if p.SpotID != nil {
		spot = fmt.Sprint(*p.SpotID)
		out = append(out, shown{"spot:" + spot + ":pins", id, p.CreatedAt, ""})
	}
	return append(out, shown{"pins", id, p.CreatedAt, fmt.Sprintf(`{"spot_id":%s}`, spot)})
}

// atlas is the tables of spots. The foreign keys that Pins and Spots lack are those
// of each test.
const atlas = `CREATE TABLE empires (id bigint PRIMARY KEY, name text);
	CREATE TABLE realms (id bigint PRIMARY KEY, empire_id bigint REFERENCES empires ON DELETE CASCADE, code text UNIQUE, name text);
	CREATE TABLE zones (id bigint PRIMARY KEY, realm_id bigint REFERENCES realms ON DELETE CASCADE ON UPDATE CASCADE, name text);
	CREATE TABLE spots (id bigint PRIMARY KEY, zone_id bigint REFERENCES zones ON DELETE CASCADE ON UPDATE SET NULL,
		realm_code text DEFAULT 'none' REFERENCES realms (code) ON DELETE SET DEFAULT ON UPDATE CASCADE,
		under_id bigint REFERENCES spots ON DELETE CASCADE, name text, created_at timestamp);
	CREATE TABLE pins (id bigint PRIMARY KEY, spot_id bigint REFERENCES spots ON DELETE SET NULL ON UPDATE CASCADE, created_at timestamp)`

const atlasRows = `
	INSERT INTO empires VALUES (1, 'one');
	INSERT INTO realms VALUES (1, 1, 'a', 'one'), (2, NULL, 'b', 'two'), (3, NULL, 'none', 'none');
	INSERT INTO zones VALUES (1, 1, 'one'), (2, 1, 'two'), (3, 2, 'three');
	INSERT INTO spots VALUES (10, 1, 'a', NULL, 'ten', '2026-01-01 00:00:10'), (11, 2, 'b', 10, 'eleven', '2026-01-01 00:00:11'),
		(12, 3, 'a', 11, 'twelve', '2026-01-01 00:00:12'), (13, 3, 'b', NULL, 'thirteen', '2026-01-01 00:00:13');
	INSERT INTO pins VALUES (20, 10, '2026-01-01 00:00:20'), (21, 13, '2026-01-01 00:00:21')`

// atlasWorld is a database with spots on their timelines, and its log.
func atlasWorld(t *testing.T, dialect, pragmas string, more ...string) (*world, *bytes.Buffer) {
	t.Helper()
	return cascadeWorld(t, dialect, pragmas, append([]string{atlas, atlasRows}, more...), &Spot{}, &Pin{})
}

func cascadeWorld(t *testing.T, dialect, pragmas string, tables []string, tracked ...any) (*world, *bytes.Buffer) {
	t.Helper()
	dsn := newDSN(t, dialect)
	if dialect == "sqlite" {
		dsn += pragmas
	}
	plain, err := openDSN(t, dialect, dsn, nil).DB()
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if _, err := plain.ExecContext(t.Context(), table); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	options := &timakgorm.Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	w := newWorld(t, setup{dialect: dialect, dsn: dsn, options: options, models: []any{}, tracked: tracked})
	_, err = w.plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
	w.must(err)
	w.drain()
	log.Reset()
	return w, &log
}

const enforced = "&_pragma=foreign_keys(1)"

// checkCascade compares timelines with tables, and the log's lines with the tables
// that it is to tell of, each once.
func (w *world) checkCascade(log *bytes.Buffer, told ...string) {
	w.Helper()
	w.drain()
	report, err := w.plugin.Verify(w.Context(), timakgorm.VerifyOptions{})
	w.must(err)
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
	{name: "delete, far away", run: func(db *gorm.DB) error { return db.Delete(&Empire{ID: 1}).Error }},
	{name: "delete of many", run: func(db *gorm.DB) error { return db.Where("id > 0").Delete(&Zone{}).Error }},
	{name: "delete of the own table", run: func(db *gorm.DB) error { return db.Delete(&Spot{ID: 10}).Error }},
	{name: "delete of a parent's columns", run: func(db *gorm.DB) error { return db.Delete(&Realm{ID: 2}).Error }},
	{name: "delete by an alias", run: func(db *gorm.DB) error { return db.Table("zones AS Z").Where("Z.id = 1").Delete(&Zone{}).Error }},
	{name: "delete of nobody", run: func(db *gorm.DB) error { return db.Delete(&Zone{ID: 99}).Error }},
	{name: "update of a key, and of columns with it", run: func(db *gorm.DB) error { return db.Model(&Zone{ID: 1}).Update("id", 9).Error }},
	{name: "update of a column that is referred to", run: func(db *gorm.DB) error { return db.Model(&Realm{ID: 1}).Update("code", "z").Error }},
	{name: "update of the own key", run: func(db *gorm.DB) error { return db.Model(&Spot{ID: 13}).Update("id", 93).Error }},
	{name: "update of another column", run: func(db *gorm.DB) error { return db.Model(&Realm{ID: 1}).Update("name", "z").Error }},
	{name: "save", run: func(db *gorm.DB) error { return db.Save(&Realm{ID: 1, Code: "z"}).Error }},
	{name: "transaction", run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return firstError(tx.Delete(&Zone{ID: 1}).Error, func() error { return tx.Create(&Zone{ID: 1}).Error })
		})
	}},
	{name: "without a transaction", run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{SkipDefaultTransaction: true}).Delete(&Realm{ID: 1}).Error
	}},
	{name: "prepared", run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{PrepareStmt: true}).Delete(&Realm{ID: 1}).Error
	}},
	{name: "connection", run: func(db *gorm.DB) error {
		return db.Connection(func(tx *gorm.DB) error { return tx.Delete(&Realm{ID: 1}).Error })
	}},
	{name: "delete returning", run: func(db *gorm.DB) error {
		return db.Clauses(clause.Returning{}).Where("id = 1").Delete(&[]Realm{}).Error
	}},
	{name: "generics", run: func(db *gorm.DB) error {
		_, err := gorm.G[Realm](db).Where("id = ?", 1).Delete(db.Statement.Context)
		return err
	}},
	{name: "a rollback", run: func(db *gorm.DB) error {
		tx := db.Begin()
		return firstError(tx.Delete(&Empire{ID: 1}).Error, func() error { return tx.Rollback().Error })
	}},
	{name: "a savepoint", run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			_ = tx.Transaction(func(tx *gorm.DB) error {
				return firstError(tx.Delete(&Empire{ID: 1}).Error, func() error { return errRollback })
			})
			return tx.Delete(&Zone{ID: 3}).Error
		})
	}},
	{name: "delete with joined tables", only: "postgres", run: func(db *gorm.DB) error {
		return db.Table("zones USING realms").Where("realms.id = zones.realm_id AND realms.code = 'a'").Delete(&Zone{}).Error
	}},
	{name: "update from another table", run: func(db *gorm.DB) error {
		return db.Model(&Zone{}).Clauses(clause.From{Tables: []clause.Table{{Name: "realms"}}}).
			Where("realms.id = zones.realm_id AND realms.code = 'b'").Update("id", gorm.Expr("zones.id + 90")).Error
	}},

	{name: "upsert of a column that is referred to", told: []string{"spots"}, run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, UpdateAll: true}).Create(&Realm{ID: 1, Code: "z"}).Error
	}},
	{name: "upsert of other columns", run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"name"})}).
			Create(&Realm{ID: 1, Code: "a", Name: "z"}).Error
	}},
	{name: "upsert in the own table", run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, UpdateAll: true}).Create(&Spot{ID: 13, Name: "z"}).Error
	}},
	{name: "insert or replace", only: "sqlite", run: func(db *gorm.DB) error {
		return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&Realm{ID: 1, Code: "a"}).Error
	}},
	{name: "insert or replace by a unique column", only: "sqlite", run: func(db *gorm.DB) error {
		return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&[]Realm{{ID: 7, Code: "a"}, {ID: 8, Code: "x"}}).Error
	}},
	{name: "insert or replace in the own table", only: "sqlite", run: func(db *gorm.DB) error {
		return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&Spot{ID: 10}).Error
	}},
	{name: "update or replace", only: "sqlite", run: func(db *gorm.DB) error {
		return db.Clauses(clause.Update{Modifier: "OR REPLACE"}).Model(&Zone{ID: 3}).Update("id", 1).Error
	}},

	{name: "raw delete", told: []string{"spots", "pins"}, run: executed("DELETE FROM empires WHERE id = 1")},
	{name: "raw delete in a WITH", only: "postgres", told: []string{"spots", "pins"}, run: executed("WITH gone AS (DELETE FROM empires RETURNING id) SELECT * FROM gone")},
	{name: "raw delete returning", told: []string{"spots", "pins"}, run: func(db *gorm.DB) error {
		var id uint
		return db.Raw("DELETE FROM realms WHERE id = 1 RETURNING id").Scan(&id).Error
	}},
	{name: "raw delete returning, found", told: []string{"spots", "pins"}, run: func(db *gorm.DB) error {
		return db.Raw("DELETE FROM realms WHERE id = 1 RETURNING id").Find(&[]Realm{}).Error
	}},
	{name: "raw update", told: []string{"spots"}, run: executed("UPDATE realms SET \"code\" = 'z' WHERE id = 1")},
	{name: "raw update of another column", run: executed("UPDATE realms SET name = 'z'")},
	{name: "raw insert", run: executed("INSERT INTO realms (id) VALUES (77)")},
	{name: "raw upsert", told: []string{"spots"}, run: executed("INSERT INTO realms (id, code) VALUES (1, 'z') ON CONFLICT (id) DO UPDATE SET code = excluded.code")},
	{name: "raw merge", only: "postgres", told: []string{"spots", "pins"}, run: executed("MERGE INTO realms USING empires ON empires.id = realms.empire_id WHEN MATCHED THEN DELETE")},
	{name: "raw replace", only: "sqlite", told: []string{"spots", "pins"}, run: executed("REPLACE INTO realms (id, code) VALUES (1, 'a')")},
	{name: "raw update or replace", only: "sqlite", told: []string{"spots", "pins"}, run: executed("UPDATE OR REPLACE zones SET id = 1 WHERE id = 3")},
	{name: "block of code", only: "postgres", told: []string{"spots", "pins"}, run: executed("DO $$ BEGIN DELETE FROM realms WHERE id = 1; END $$")},
	{name: "block of code that runs a text", only: "postgres", told: []string{"spots", "pins"}, run: executed("DO 'BEGIN EXECUTE ''DELETE FROM realms WHERE id = 1''; END'")},
	{name: "truncate", only: "postgres", told: []string{"spots", "pins"}, run: executed("TRUNCATE empires CASCADE")},
	{name: "drop of the table", only: "sqlite", told: []string{"spots", "pins"}, run: executed("DROP TABLE realms")},
	{name: "drop of the table, its keys go with it", only: "postgres", run: executed("DROP TABLE zones CASCADE")},
	{name: "drop of the table by the migrator", only: "sqlite", told: []string{"spots", "pins"}, run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return tx.Migrator().DropTable(&Realm{}) })
	}},
	{name: "drop of a column", only: "sqlite", told: []string{"spots", "pins"}, run: func(db *gorm.DB) error {
		return db.Migrator().DropColumn(&Realm{}, "Name")
	}},
	{name: "drop of a column, its keys go with it", only: "postgres", run: executed("ALTER TABLE realms DROP COLUMN code CASCADE")},

	{name: "rows that are named", run: func(db *gorm.DB) error {
		return timakgorm.Follow(db, func(tx *gorm.DB) error { return tx.Exec("DELETE FROM empires").Error },
			timakgorm.Rows(&Spot{}, "1 = 1"), timakgorm.Rows(&Pin{}, "1 = 1"))
	}},
	{name: "some of the rows that are named", told: []string{"pins"}, run: func(db *gorm.DB) error {
		return timakgorm.Exec(db, timakgorm.Rows(&Spot{}, "1 = 1"), "DELETE FROM empires")
	}},
	{name: "GORM in a change that is followed", run: func(db *gorm.DB) error {
		return timakgorm.Follow(db, func(tx *gorm.DB) error { return tx.Delete(&Empire{ID: 1}).Error }, timakgorm.Rows(&Spot{}, "1 = 1"))
	}},

	{name: "raw delete with no keys enforced", only: "sqlite", pragma: "&_pragma=foreign_keys(0)", run: executed("DELETE FROM realms WHERE id = 1")},
	{name: "delete with no keys enforced", only: "sqlite", pragma: "&_pragma=foreign_keys(0)", run: func(db *gorm.DB) error {
		return db.Delete(&Realm{ID: 1}).Error
	}},
	{name: "keys enforced in one connection", only: "sqlite", pragma: "&_pragma=foreign_keys(0)", told: []string{"spots", "pins"}, run: func(db *gorm.DB) error {
		return db.Connection(func(tx *gorm.DB) error {
			return firstError(tx.Exec("PRAGMA foreign_keys = ON").Error, func() error { return tx.Exec("DELETE FROM realms WHERE id = 1").Error })
		})
	}},
}

// TestCascades: what foreign keys pass on to tracked tables is followed, or told to
// the log.
func TestCascades(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		for _, s := range cascadeStatements {
			if s.only != "" && s.only != dialect {
				continue
			}
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				pragma := enforced
				if s.pragma != "" {
					pragma = s.pragma
				}
				w, log := atlasWorld(t, dialect, pragma)
				w.must(s.run(w.db))
				w.checkCascade(log, s.told...)
			})
		}
	})
}

// TestCascades_schemaChanges: a foreign key that this program makes or drops is known
// at once, one that another does when the plugin looks again.
func TestCascades_schemaChanges(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		const table = "CREATE TABLE leaves (id bigint PRIMARY KEY, place text %s, created_at timestamp)"
		const refers = "REFERENCES branches ON DELETE CASCADE"
		plain := "CREATE TABLE branches (code text PRIMARY KEY);" + fmt.Sprintf(table, "")
		w, log := cascadeWorld(t, dialect, enforced, []string{plain}, &Leaf{})
		fill := func(code string) {
			w.must(w.db.Table("branches").Create(map[string]any{"code": code}).Error)
			w.must(w.db.Create(&Leaf{ID: 1, Place: code, CreatedAt: at(0)}).Error)
		}
		fill("a")
		w.must(gone("branches", "code = 'a'")(w.db))
		w.checkCascade(log)

		w.must(w.db.Transaction(func(tx *gorm.DB) error {
			return firstError(tx.Exec("DROP TABLE leaves").Error, func() error { return tx.Exec(fmt.Sprintf(table, refers)).Error })
		}))
		w.must(w.db.Table("branches").Create(map[string]any{"code": "b"}).Error)
		w.must(w.db.Create(&Leaf{ID: 1, Place: "b", CreatedAt: at(0)}).Error)
		log.Reset() // of the tracked table that was dropped
		w.must(gone("branches", "code = 'b'")(w.db))
		w.checkCascade(log)
		w.wantIDs("leaves")

		w.must(w.db.Exec("CREATE TABLE others (id bigint PRIMARY KEY, code text " + refers + ")").Error)
		w.must(outside("DROP TABLE others")(w.db))
		w.must(outside("CREATE TABLE trees (id int PRIMARY KEY)")(w.db))
		w.must(outside("ALTER TABLE branches ADD COLUMN tree_id int REFERENCES trees ON DELETE CASCADE")(w.db))
		w.must(w.db.Exec("CREATE TABLE a_change_of_ours (id int)").Error) // after which the plugin looks again
		w.must(outside("INSERT INTO trees VALUES (1); INSERT INTO branches VALUES ('c', 1)")(w.db))
		w.must(w.db.Create(&Leaf{ID: 2, Place: "c", CreatedAt: at(0)}).Error)
		w.wantIDs("leaves", "leaves:2")
		w.must(gone("trees", "id = 1")(w.db))
		w.checkCascade(log)
		w.wantIDs("leaves")
	})
}

// TestCascades_race: rows that others add meanwhile to what is deleted are followed
// too, and so are parents that come to be meant meanwhile.
func TestCascades_race(t *testing.T) {
	t.Parallel()
	w, log := atlasWorld(t, "postgres", "")
	w.must(w.db.Where("1 = 1").Delete(&Spot{}).Error)
	w.must(w.db.Where("1 = 1").Delete(&Zone{}).Error)
	const rounds = 60
	add := func(from uint) func() {
		return func() {
			for i := range uint(rounds) {
				id := from + i
				err := w.db.Create(&Zone{ID: id, RealmID: new(1 + id%2), Name: "x"}).Error
				logError(t, "zone", err)
				logError(t, "spot", w.db.Create(&Spot{ID: id, ZoneID: &id, CreatedAt: at(int(i))}).Error)
				logError(t, "late spot", w.db.Create(&Spot{ID: id + 5000, ZoneID: new(from), CreatedAt: at(int(i))}).Error)
			}
		}
	}
	remove := func(realm uint) func() {
		return func() {
			for range rounds {
				logError(t, "delete", w.db.Where("realm_id = ?", realm).Delete(&Zone{}).Error)
				logError(t, "change", w.db.Model(&Realm{}).Where("id > 0").Update("code", gorm.Expr("code || 'x'")).Error)
			}
		}
	}
	atOnce(add(1000), add(2000), remove(1), remove(2))
	w.checkCascade(log)
}
