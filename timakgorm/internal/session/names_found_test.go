package session_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestNames_newHome: a table that another program makes before the tracked one in
// the search_path is the tracked one from then on.
func TestNames_newHome(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", DSN: onPath(world.NewDSN(t, "postgres"), "zeta, public"), Models: []any{&world.Permit{}}, Tracked: []any{&world.Permit{}}})
	w.Must(w.DB.Create(&world.Permit{ID: 1, HallID: 1, Code: "1", CreatedAt: world.At(1)}).Error)
	_, err := w.Stranger().ExecContext(t.Context(), `CREATE SCHEMA zeta; CREATE TABLE zeta.permits (LIKE public.permits INCLUDING ALL);
		INSERT INTO zeta.permits SELECT * FROM public.permits; UPDATE public.permits SET hall_id = 7`)
	w.Must(err)
	w.Must(w.DB.Create(&world.Permit{ID: 2, HallID: 1, Code: "2", CreatedAt: world.At(2)}).Error)
	w.WantIDs("hall:1", "permits:2", "permits:1")
	w.Must(w.DB.Model(&world.Permit{}).Where("id = 1").Update("hall_id", 9).Error)
	w.WantIDs("hall:9", "permits:1")
	w.Drain()
	w.WantDifferences()
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
	w := world.PermitWorld(t, timakgorm.Callbacks, nil)
	w.Must(w.DB.Table("public.permits").Clauses(remark("copied INTO drafts")).Create(&world.Permit{ID: 4, HallID: 1, Code: "c", CreatedAt: world.At(4)}).Error)
	w.WantIDs("hall:1", "permits:4", "permits:3", "permits:2", "permits:1")
	w.Drain()
	w.WantDifferences()
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
	w := world.New(t, world.Setup{Dialect: "postgres", Models: []any{&lengthy{}}, Tracked: []any{&lengthy{}}})
	_, err := w.Stranger().ExecContext(t.Context(), "CREATE SCHEMA acme; CREATE TABLE halls (id bigint PRIMARY KEY); INSERT INTO halls VALUES (1), (2); "+
		"ALTER TABLE "+lengthy{}.TableName()+" ADD FOREIGN KEY (hall_id) REFERENCES halls ON DELETE CASCADE")
	w.Must(err)
	w.Must(w.DB.Create(&lengthy{ID: 1, HallID: 1, CreatedAt: world.At(1)}).Error)
	w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
		return errors.Join(tx.Exec("SET LOCAL search_path = acme, public").Error, tx.Create(&lengthy{ID: 2, HallID: 2, CreatedAt: world.At(2)}).Error)
	}))
	w.WantIDs("long:2", "long:2")
	w.Must(w.DB.Table("halls").Where("id = 1").Delete(nil).Error)
	w.WantIDs("long:1")
	w.Drain()
	w.WantDifferences()
}

// TestNames_child: a table of the tracked one's name that inherits from it is a part
// of it, to triggers as well.
func TestNames_child(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := world.PermitWorld(t, by, nil)
		_, err := w.Stranger().ExecContext(t.Context(), "DROP TABLE acme.permits; CREATE TABLE acme.permits () INHERITS (public.permits)")
		w.Must(err)
		child := &world.Permit{ID: 20, HallID: 1, Code: "child", CreatedAt: world.At(9)}
		for name, write := range map[string]func(tx *gorm.DB) error{
			"by its schema": func(tx *gorm.DB) error { return tx.Table("acme.permits").Create(child).Error },
			"by the path": func(tx *gorm.DB) error {
				return world.FirstError(tx.Exec("SET LOCAL search_path = acme, public").Error, func() error { return tx.Create(child).Error })
			},
			"raw": func(tx *gorm.DB) error { return tx.Exec("UPDATE acme.permits SET hall_id = 2").Error },
		} {
			if err := w.DB.Transaction(write); !errors.Is(err, timakgorm.ErrUncaptured) {
				t.Errorf("%s: got %v, want ErrUncaptured", name, err)
			}
		}
		w.Drain()
		w.WantDifferences()
	})
}

// TestNames_followedOne: where two tracked tables have one name, following one does
// not let raw SQL write the other.
func TestNames_followedOne(t *testing.T) {
	t.Parallel()
	dsn := world.NewDSN(t, "postgres")
	if err := world.OpenDSN(t, "postgres", dsn, nil).Exec("CREATE SCHEMA acme").Error; err != nil {
		t.Fatal(err)
	}
	models := []any{&world.Permit{}, &acmePermit{}}
	w := world.New(t, world.Setup{Dialect: "postgres", DSN: dsn, Models: models, Tracked: models})
	w.Must(w.DB.Create(&world.Permit{ID: 1, HallID: 1, Code: "p", CreatedAt: world.At(1)}).Error)
	w.Must(w.DB.Create(&acmePermit{ID: 1, HallID: 1, Code: "a", CreatedAt: world.At(1)}).Error)
	for path, followed := range map[string]any{"public": models[0], "acme, public": models[1]} {
		for range 10 {
			for _, model := range models {
				err := w.DB.Transaction(func(tx *gorm.DB) error {
					w.Must(world.Stray(tx, path))
					return timakgorm.Exec(tx, timakgorm.Rows(model, "1 = 1"), "UPDATE permits SET hall_id = hall_id + 1")
				})
				if (err == nil) != (model == followed) {
					t.Fatalf("%T followed on %s: got %v", model, path, err)
				}
			}
		}
	}
	w.Drain()
	w.WantDifferences()
}

// TestNames_unusable: a schema in the path that the program's role may not use is
// passed over, as Postgres does.
func TestNames_unusable(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		owner := world.New(t, world.Setup{Dialect: "postgres", Models: []any{&world.Permit{}, &world.Post{}}, Tracked: []any{&world.Permit{}}})
		role := owner.Role("SELECT")
		_, err := owner.Stranger().ExecContext(t.Context(), "CREATE SCHEMA acme; CREATE TABLE acme.permits (id bigint); "+
			"GRANT ALL ON ALL TABLES IN SCHEMA public TO "+role+"; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "+role)
		owner.Must(err)
		if by == timakgorm.Triggers {
			w := &world.World{TB: t, Dialect: "postgres", DSN: owner.DSN, Timelines: owner.Timelines, DB: world.OpenDSN(t, "postgres", owner.DSN, nil)}
			plugin, err := timakgorm.New(w.Timelines, &timakgorm.Options{Capture: by})
			w.Must(err)
			w.Must(plugin.Register(&world.Permit{}))
			w.Must(plugin.InstallTriggers(t.Context(), w.DB))
		}
		w := &world.World{TB: t, Dialect: "postgres", Timelines: owner.Timelines, DB: world.OpenDSN(t, "postgres", onPath(owner.DSN, "acme, public")+asRole(owner.DSN, role), nil)}
		w.Plugin, err = timakgorm.New(w.Timelines, &timakgorm.Options{Capture: by})
		w.Must(err)
		w.Must(w.Plugin.Register(&world.Permit{}))
		w.Must(w.DB.Use(w.Plugin))
		w.Must(w.DB.Create(&world.Permit{ID: 1, HallID: 1, Code: "u", CreatedAt: world.At(1)}).Error)
		w.WantIDs("hall:1", "permits:1")
		w.Drain()
		w.WantDifferences()
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
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, _ := world.AtlasWorld(t, dialect, world.EnforcedOn(dialect))
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			return errors.Join(tx.Exec("CREATE TEMP TABLE zones (code text)").Error, tx.Table("zones").Where("code = 'x'").Delete(nil).Error,
				tx.Exec("DROP TABLE zones").Error)
		}))
		w.Drain()
		w.WantDifferences()
	})
}

// TestNames_hiddenBehindGORM: on SQLite a temporary table that was made behind GORM
// is found out when a statement on it is followed.
func TestNames_hiddenBehindGORM(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(tx *gorm.DB) error{
		"create": func(tx *gorm.DB) error {
			return tx.Create(&world.Permit{ID: 1, HallID: 1, Code: "t", CreatedAt: world.At(2)}).Error
		},
		"update": func(tx *gorm.DB) error { return tx.Model(&world.Permit{}).Where("id = 1").Update("hall_id", 2).Error },
	} {
		w := world.New(t, world.Setup{Dialect: "sqlite", Models: []any{&world.Permit{}}, Tracked: []any{&world.Permit{}}})
		w.Must(w.DB.Create(&world.Permit{ID: 1, HallID: 1, Code: "p", CreatedAt: world.At(1)}).Error)
		w.Drain()
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			for _, statement := range []string{"CREATE TEMP TABLE permits AS SELECT * FROM main.permits", "UPDATE temp.permits SET code = 'other'"} {
				if _, err := tx.Statement.ConnPool.ExecContext(t.Context(), statement); err != nil {
					return err
				}
			}
			err := write(tx)
			_, dropped := tx.Statement.ConnPool.ExecContext(t.Context(), "DROP TABLE temp.permits")
			return errors.Join(err, dropped)
		}))
		if n := w.Outbox(); n != 0 {
			t.Errorf("%s: %d changes wait, want none of the temporary table", name, n)
		}
		w.Drain()
		w.WantDifferences()
	}
}
