package timakgorm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
)

// TestNames_newHome: a table that another program makes before the tracked one in
// the search_path is the tracked one from then on.
func TestNames_newHome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres", dsn: onPath(newDSN(t, "postgres"), "zeta, public"), models: []any{&Permit{}}, tracked: []any{&Permit{}}})
	w.must(w.db.Create(&Permit{ID: 1, HallID: 1, Code: "1", CreatedAt: at(1)}).Error)
	_, err := w.stranger().ExecContext(t.Context(), `CREATE SCHEMA zeta; CREATE TABLE zeta.permits (LIKE public.permits INCLUDING ALL);
		INSERT INTO zeta.permits SELECT * FROM public.permits; UPDATE public.permits SET hall_id = 7`)
	w.must(err)
	w.must(w.db.Create(&Permit{ID: 2, HallID: 1, Code: "2", CreatedAt: at(2)}).Error)
	w.wantIDs("hall:1", "permits:2", "permits:1")
	w.must(w.db.Model(&Permit{}).Where("id = 1").Update("hall_id", 9).Error)
	w.wantIDs("hall:9", "permits:1")
	w.drain()
	w.wantDifferences()
}

// remark is a comment after INSERT.
type remark string

// Build implements clause.Expression.
func (r remark) Build(builder clause.Builder) { _, _ = builder.WriteString("/* " + string(r) + " */") }

// ModifyStatement implements gorm.StatementModifier.
func (r remark) ModifyStatement(st *gorm.Statement) {
	insert := st.Clauses["INSERT"]
	insert.AfterNameExpression = r
	st.Clauses["INSERT"] = insert
}

// TestNames_comment: a comment does not tell what an INSERT writes.
func TestNames_comment(t *testing.T) {
	t.Parallel()
	w := permitWorld(t, timakgorm.Callbacks, nil)
	w.must(w.db.Table("public.permits").Clauses(remark("copied INTO drafts")).Create(&Permit{ID: 4, HallID: 1, Code: "c", CreatedAt: at(4)}).Error)
	w.wantIDs("hall:1", "permits:4", "permits:3", "permits:2", "permits:1")
	w.drain()
	w.wantDifferences()
}

// lengthy has a table whose name Postgres cuts.
type lengthy struct {
	ID        uint
	HallID    uint
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=long:{HallID}; id=long:{ID}"`
}

func (lengthy) TableName() string { return strings.Repeat("long_", 15) }

// TestNames_long: a table is known by a name of more than 63 bytes, too.
func TestNames_long(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres", models: []any{&lengthy{}}, tracked: []any{&lengthy{}}})
	_, err := w.stranger().ExecContext(t.Context(), "CREATE SCHEMA acme; CREATE TABLE halls (id bigint PRIMARY KEY); INSERT INTO halls VALUES (1), (2); "+
		"ALTER TABLE "+lengthy{}.TableName()+" ADD FOREIGN KEY (hall_id) REFERENCES halls ON DELETE CASCADE")
	w.must(err)
	w.must(w.db.Create(&lengthy{ID: 1, HallID: 1, CreatedAt: at(1)}).Error)
	w.must(w.db.Transaction(func(tx *gorm.DB) error {
		return errors.Join(tx.Exec("SET LOCAL search_path = acme, public").Error, tx.Create(&lengthy{ID: 2, HallID: 2, CreatedAt: at(2)}).Error)
	}))
	w.wantIDs("long:2", "long:2")
	w.must(w.db.Table("halls").Where("id = 1").Delete(nil).Error)
	w.wantIDs("long:1")
	w.drain()
	w.wantDifferences()
}

// TestNames_child: a table of the tracked one's name that inherits from it is a part
// of it, to triggers as well.
func TestNames_child(t *testing.T) {
	t.Parallel()
	byBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := permitWorld(t, by, nil)
		_, err := w.stranger().ExecContext(t.Context(), "DROP TABLE acme.permits; CREATE TABLE acme.permits () INHERITS (public.permits)")
		w.must(err)
		child := &Permit{ID: 20, HallID: 1, Code: "child", CreatedAt: at(9)}
		for name, write := range map[string]func(tx *gorm.DB) error{
			"by its schema": func(tx *gorm.DB) error { return tx.Table("acme.permits").Create(child).Error },
			"by the path": func(tx *gorm.DB) error {
				return firstError(tx.Exec("SET LOCAL search_path = acme, public").Error, func() error { return tx.Create(child).Error })
			},
			"raw": func(tx *gorm.DB) error { return tx.Exec("UPDATE acme.permits SET hall_id = 2").Error },
		} {
			if err := w.db.Transaction(write); !errors.Is(err, timakgorm.ErrUncaptured) {
				t.Errorf("%s: got %v, want ErrUncaptured", name, err)
			}
		}
		w.drain()
		w.wantDifferences()
	})
}

// TestNames_followedOne: where two tracked tables have one name, following one does
// not let raw SQL write the other.
func TestNames_followedOne(t *testing.T) {
	t.Parallel()
	dsn := newDSN(t, "postgres")
	if err := openDSN(t, "postgres", dsn, nil).Exec("CREATE SCHEMA acme").Error; err != nil {
		t.Fatal(err)
	}
	models := []any{&Permit{}, &acmePermit{}}
	w := newWorld(t, setup{dialect: "postgres", dsn: dsn, models: models, tracked: models})
	w.must(w.db.Create(&Permit{ID: 1, HallID: 1, Code: "p", CreatedAt: at(1)}).Error)
	w.must(w.db.Create(&acmePermit{ID: 1, HallID: 1, Code: "a", CreatedAt: at(1)}).Error)
	for path, followed := range map[string]any{"public": models[0], "acme, public": models[1]} {
		for range 10 {
			for _, model := range models {
				err := w.db.Transaction(func(tx *gorm.DB) error {
					w.must(stray(tx, path))
					return timakgorm.Exec(tx, timakgorm.Rows(model, "1 = 1"), "UPDATE permits SET hall_id = hall_id + 1")
				})
				if (err == nil) != (model == followed) {
					t.Fatalf("%T followed on %s: got %v", model, path, err)
				}
			}
		}
	}
	w.drain()
	w.wantDifferences()
}

// TestNames_unusable: a schema in the path that the program's role may not use is
// passed over, as Postgres does.
func TestNames_unusable(t *testing.T) {
	t.Parallel()
	byBoth(t, func(t *testing.T, by timakgorm.Capture) {
		owner := newWorld(t, setup{dialect: "postgres", models: []any{&Permit{}, &Post{}}, tracked: []any{&Permit{}}})
		role := owner.role("SELECT")
		_, err := owner.stranger().ExecContext(t.Context(), "CREATE SCHEMA acme; CREATE TABLE acme.permits (id bigint); "+
			"GRANT ALL ON ALL TABLES IN SCHEMA public TO "+role+"; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "+role)
		owner.must(err)
		if by == timakgorm.Triggers {
			w := &world{TB: t, dialect: "postgres", dsn: owner.dsn, timelines: owner.timelines, db: openDSN(t, "postgres", owner.dsn, nil)}
			plugin, err := timakgorm.New(w.timelines, &timakgorm.Options{Capture: by})
			w.must(err)
			w.must(plugin.Register(&Permit{}))
			w.must(plugin.InstallTriggers(t.Context(), w.db))
		}
		w := &world{TB: t, dialect: "postgres", timelines: owner.timelines, db: openDSN(t, "postgres", onPath(owner.dsn, "acme, public")+asRole(owner.dsn, role), nil)}
		w.plugin, err = timakgorm.New(w.timelines, &timakgorm.Options{Capture: by})
		w.must(err)
		w.must(w.plugin.Register(&Permit{}))
		w.must(w.db.Use(w.plugin))
		w.must(w.db.Create(&Permit{ID: 1, HallID: 1, Code: "u", CreatedAt: at(1)}).Error)
		w.wantIDs("hall:1", "permits:1")
		w.drain()
		w.wantDifferences()
	})
}

// asRole has sessions begin as another role.
func asRole(dsn, role string) string {
	if strings.Contains(dsn, "://") {
		return "&role=" + role
	}
	return fmt.Sprintf(" role=%s", role)
}

// TestNames_temporaryParent: a temporary table is none from which foreign keys lead.
func TestNames_temporaryParent(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w, _ := atlasWorld(t, dialect, enforcedOn(dialect))
		w.must(w.db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(tx.Exec("CREATE TEMP TABLE zones (code text)").Error, tx.Table("zones").Where("code = 'x'").Delete(nil).Error,
				tx.Exec("DROP TABLE zones").Error)
		}))
		w.drain()
		w.wantDifferences()
	})
}

// TestNames_hiddenBehindGORM: on SQLite a temporary table that was made behind GORM
// is found out when a statement on it is followed.
func TestNames_hiddenBehindGORM(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(tx *gorm.DB) error{
		"create": func(tx *gorm.DB) error {
			return tx.Create(&Permit{ID: 1, HallID: 1, Code: "t", CreatedAt: at(2)}).Error
		},
		"update": func(tx *gorm.DB) error { return tx.Model(&Permit{}).Where("id = 1").Update("hall_id", 2).Error },
	} {
		w := newWorld(t, setup{dialect: "sqlite", models: []any{&Permit{}}, tracked: []any{&Permit{}}})
		w.must(w.db.Create(&Permit{ID: 1, HallID: 1, Code: "p", CreatedAt: at(1)}).Error)
		w.drain()
		w.must(w.db.Transaction(func(tx *gorm.DB) error {
			for _, statement := range []string{"CREATE TEMP TABLE permits AS SELECT * FROM main.permits", "UPDATE temp.permits SET code = 'other'"} {
				if _, err := tx.Statement.ConnPool.ExecContext(t.Context(), statement); err != nil {
					return err
				}
			}
			err := write(tx)
			_, dropped := tx.Statement.ConnPool.ExecContext(t.Context(), "DROP TABLE temp.permits")
			return errors.Join(err, dropped)
		}))
		if n := w.outbox(); n != 0 {
			t.Errorf("%s: %d changes wait, want none of the temporary table", name, n)
		}
		w.drain()
		w.wantDifferences()
	}
}
