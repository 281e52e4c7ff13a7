package hooks_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// breakable installs a callback that keeps the change of a statement with the
// setting broken from being recorded, after the statement has run, and without
// an error of the database.
func breakable(w *world.World) {
	w.Helper()
	type other struct{ gorm.ConnPool }
	err := w.DB.Callback().Create().After("gorm:create").Before("timak:after_create").Register("test:break", func(db *gorm.DB) {
		if _, broken := db.Get("broken"); broken {
			db.Statement.ConnPool = other{ConnPool: db.Statement.ConnPool}
		}
	})
	w.Must(err)
}

// breakIn runs a statement that succeeds, whose change cannot be recorded, and
// ignores the error.
func breakIn(t *testing.T, tx *gorm.DB, id uint) {
	t.Helper()
	if err := tx.Set("broken", true).Create(&world.Post{ID: id, AuthorID: 1, Published: true}).Error; err == nil {
		t.Fatal("a change that cannot be recorded: got no error")
	}
}

var errUndo = errors.New("undo")

// TestIgnoredError: a transaction in which a change could not be recorded is not
// committed, even if the user has ignored the error, unless it goes back to a
// savepoint from before it.
func TestIgnoredError(t *testing.T) {
	t.Parallel()
	good := func(tx *gorm.DB, id uint) error {
		return tx.Create(&world.Post{ID: id, AuthorID: 2, Published: true}).Error
	}
	cases := []struct {
		name   string
		heals  bool
		inside func(t *testing.T, tx *gorm.DB) error
	}{
		{"ignored", false, func(t *testing.T, tx *gorm.DB) error {
			breakIn(t, tx, 50)
			return good(tx, 60)
		}},
		{"in a nested transaction that is committed", false, func(t *testing.T, tx *gorm.DB) error {
			return tx.Transaction(func(tx *gorm.DB) error {
				breakIn(t, tx, 50)
				return good(tx, 60)
			})
		}},
		{"in a nested transaction that is undone", true, func(t *testing.T, tx *gorm.DB) error {
			err := tx.Transaction(func(tx *gorm.DB) error {
				breakIn(t, tx, 50)
				return errUndo
			})
			if !errors.Is(err, errUndo) {
				return fmt.Errorf("nested: %w", err)
			}
			return good(tx, 60)
		}},
		{"before a nested transaction that is undone", false, func(t *testing.T, tx *gorm.DB) error {
			breakIn(t, tx, 50)
			if err := tx.Transaction(func(*gorm.DB) error { return errUndo }); !errors.Is(err, errUndo) {
				return fmt.Errorf("nested: %w", err)
			}
			return good(tx, 60)
		}},
		{"after a savepoint gone back to", true, func(t *testing.T, tx *gorm.DB) error {
			if err := tx.SavePoint("before").Error; err != nil {
				return err
			}
			breakIn(t, tx, 50)
			return world.FirstError(tx.SavePoint("after").Error, func() error {
				return world.FirstError(tx.RollbackTo("before").Error, func() error { return good(tx, 60) })
			})
		}},
		{"before a savepoint gone back to", false, func(t *testing.T, tx *gorm.DB) error {
			breakIn(t, tx, 50)
			return world.FirstError(tx.SavePoint("after").Error, func() error {
				return world.FirstError(tx.RollbackTo("after").Error, func() error { return good(tx, 60) })
			})
		}},
		{"after a savepoint that is released", false, func(t *testing.T, tx *gorm.DB) error {
			if err := tx.SavePoint("before").Error; err != nil {
				return err
			}
			breakIn(t, tx, 50)
			return world.FirstError(tx.Exec("RELEASE SAVEPOINT before").Error, func() error { return good(tx, 60) })
		}},
		{"gone back to twice", false, func(t *testing.T, tx *gorm.DB) error {
			if err := tx.SavePoint("a").Error; err != nil {
				return err
			}
			breakIn(t, tx, 50)
			if err := tx.Exec(`ROLLBACK TRANSACTION TO SAVEPOINT "a"`).Error; err != nil {
				return err
			}
			breakIn(t, tx, 51)
			return nil
		}},
		{"refused before it ran", true, func(t *testing.T, tx *gorm.DB) error {
			if err := tx.Exec("UPDATE posts SET author_id = 9").Error; !errors.Is(err, timakgorm.ErrUncaptured) {
				return fmt.Errorf("raw SQL: got %w, want ErrUncaptured", err)
			}
			return good(tx, 60)
		}},
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, config := range []gorm.Config{{}, {PrepareStmt: true}, {SkipDefaultTransaction: true}} {
			w := world.New(t, world.Setup{Dialect: dialect, Config: &config})
			breakable(w)
			for _, c := range cases {
				w.Must(w.DB.Unscoped().Where("id >= 50").Delete(&world.Post{}).Error)
				name := fmt.Sprintf("%s, prepared %t, no default transaction %t", c.name, config.PrepareStmt, config.SkipDefaultTransaction)
				err := w.DB.Transaction(func(tx *gorm.DB) error { return c.inside(t, tx) })
				if healed := err == nil; healed != c.heals {
					t.Errorf("%s: commit: got %v, want success %t", name, err, c.heals)
				}
				if !c.heals && (err == nil || !strings.Contains(err.Error(), "could not be recorded") || strings.Count(err.Error(), "timakgorm: ") != 1 || !errors.Is(err, timakgorm.ErrUncaptured)) {
					t.Errorf("%s: got %v, want that says why", name, err)
				}
				want := []uint{60}
				if !c.heals {
					want = nil
				}
				var got []uint
				w.Must(w.DB.Model(&world.Post{}).Where("id >= 50").Pluck("id", &got).Error)
				if !slices.Equal(got, want) {
					t.Errorf("%s: got the rows %v, want %v", name, got, want)
				}
				w.Check()
			}
		}
	})
}

// TestIgnoredOutboxError: the same, where the outbox itself refuses the change.
func TestIgnoredOutboxError(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Must(w.DB.Exec("ALTER TABLE timak_outbox RENAME TO timak_away").Error)
		err := w.DB.Transaction(func(tx *gorm.DB) error {
			if err := tx.Create(&world.Post{ID: 50, AuthorID: 1, Published: true}).Error; err == nil {
				t.Error("create without an outbox: got no error")
			}
			return nil
		})
		if err == nil {
			t.Error("commit: got no error")
		}
		w.Must(w.DB.Exec("ALTER TABLE timak_away RENAME TO timak_outbox").Error)
		if n := w.Count("posts"); n != 0 {
			t.Errorf("%d rows were committed, want none", n)
		}
	})
}

// TestIgnoredErrorElsewhere: in a transaction that is not the plugin's, Postgres
// itself refuses the commit.
func TestIgnoredErrorElsewhere(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	breakable(w)
	err := w.DB.Connection(func(conn *gorm.DB) error {
		return conn.Transaction(func(tx *gorm.DB) error {
			breakIn(t, tx, 50)
			return nil
		})
	})
	if err == nil {
		t.Error("commit: got no error")
	}
	w.Must(w.DB.Connection(func(conn *gorm.DB) error {
		return conn.Transaction(func(tx *gorm.DB) error {
			err := tx.Transaction(func(tx *gorm.DB) error {
				breakIn(t, tx, 50)
				return errUndo
			})
			if !errors.Is(err, errUndo) {
				t.Errorf("nested: %v", err)
			}
			return tx.Create(&world.Post{ID: 60, AuthorID: 1, Published: true}).Error
		})
	}))
	w.WantIDs("author:1:posts", "posts:60")
	w.Check()
}

// unreadable is a title that cannot be read back.
type unreadable string

func (*unreadable) Scan(any) error { return errors.New("cannot be read") }

// TestErrorAfterStatement: a statement that has run, and whose result cannot be
// read, is followed if the user commits it all the same; one that has failed
// keeps nobody from committing the rest.
func TestErrorAfterStatement(t *testing.T) {
	t.Parallel()
	type Titled struct {
		world.Post

		Title unreadable
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Must(w.DB.Create(&[]world.Post{{ID: 1, AuthorID: 1, Published: true}, {ID: 2, AuthorID: 1, Published: true}}).Error)
		w.Drain()
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			err := tx.Table("posts").Model(&Titled{}).Clauses(clause.Returning{}).Where("id = 1").Update("author_id", 2).Error
			if err == nil || !strings.Contains(err.Error(), "cannot be read") {
				t.Errorf("update: got %v, want that its result cannot be read", err)
			}
			return nil
		}))
		w.WantIDs("author:2:posts", "posts:1")
		w.Check()
		if dialect == "postgres" {
			return // takes nothing more after a statement that failed
		}
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			if err := tx.Model(&world.Post{}).Where("id = 1").Update("id", 2).Error; err == nil {
				t.Error("a duplicate key: got no error")
			}
			return tx.Create(&world.Post{ID: 3, AuthorID: 3, Published: true}).Error
		}))
		w.WantIDs("author:3:posts", "posts:3")
		w.Check()
	})
}

// stampMark is a mark that the database makes, and that cannot be read back.
type stampMark string

func (*stampMark) Scan(any) error { return errors.New("cannot be read") }

// stampedByNumber and stampedByName are rows with such a mark, with a key of the
// database and one of their own.
type stampedByNumber struct {
	ID        uint
	Owner     string
	Mark      stampMark `gorm:"type:text;default:(lower('A'))"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=owner:{Owner}:numbered"`
}

type stampedByName struct {
	Name      string `gorm:"primaryKey"`
	Owner     string
	Mark      stampMark `gorm:"type:text;default:(lower('A'))"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=owner:{Owner}:named"`
}

// TestErrorAfterInsert: an insert that has run, and whose result cannot be read, is
// followed if it carries its record or its keys were given, and spoils the transaction
// if they were returned.
func TestErrorAfterInsert(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, prepared := range []bool{false, true} {
			both := []any{&stampedByNumber{}, &stampedByName{}}
			w := world.New(t, world.Setup{Dialect: dialect, Models: both, Tracked: both, Config: &gorm.Config{PrepareStmt: prepared}})
			create := func(tx *gorm.DB, row any) {
				if err := tx.Create(row).Error; err == nil || !strings.Contains(err.Error(), "cannot be read") {
					t.Errorf("create: got %v, want that its result cannot be read", err)
				}
			}
			for name, row := range map[string]any{
				"one":             &stampedByNumber{Owner: "ann", CreatedAt: world.At(1)},
				"some":            &[]stampedByNumber{{Owner: "ann", CreatedAt: world.At(1)}, {Owner: "ann", CreatedAt: world.At(2)}},
				"some, one given": &[]stampedByNumber{{ID: 100, Owner: "ann", CreatedAt: world.At(1)}, {Owner: "ann", CreatedAt: world.At(2)}},
			} {
				tx := w.DB.Begin()
				create(tx, row)
				if dialect == "postgres" {
					w.Must(tx.Commit().Error)
					w.Drain()
					if got, rows := int64(len(w.IDs("owner:ann:numbered"))), w.Count("stamped_by_numbers"); got != rows || rows == 0 {
						t.Errorf("%s: %d rows, and %d on the timeline", name, rows, got)
					}
					continue
				}
				if err := tx.Commit().Error; err == nil || !strings.Contains(err.Error(), "cannot be read") {
					t.Errorf("%s: commit: got %v, want that says why", name, err)
				}
				if n := w.Count("stamped_by_numbers"); n != 0 {
					t.Errorf("%s: %d rows were committed, want none", name, n)
				}
			}
			w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
				create(tx, &[]stampedByName{{Name: "a", Owner: "ann", CreatedAt: world.At(1)}, {Name: "b", Owner: "ann", CreatedAt: world.At(2)}})
				return nil
			}))
			w.WantIDs("owner:ann:named", "stamped_by_names:b", "stamped_by_names:a")
		}
	})
}

// TestErrorAfterInsert_undone: an insert that has failed, or was undone, keeps
// nobody from committing the rest.
func TestErrorAfterInsert_undone(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&stampedByNumber{}}, Tracked: []any{&stampedByNumber{}}})
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			_ = tx.Transaction(func(tx *gorm.DB) error {
				return tx.Create(&stampedByNumber{Owner: "ann", CreatedAt: world.At(1)}).Error
			})
			return tx.Table("stamped_by_numbers").Create(map[string]any{"id": 7, "owner": "ann", "created_at": world.At(1)}).Error
		}))
		w.WantIDs("owner:ann:numbered", "stamped_by_numbers:7")
		if dialect == "postgres" {
			return
		}
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			if err := tx.Create(&stampedByNumber{ID: 7, Owner: "ann"}).Error; err == nil {
				t.Error("a duplicate key: got no error")
			}
			return tx.Table("stamped_by_numbers").Create(map[string]any{"id": 8, "owner": "ann", "created_at": world.At(2)}).Error
		}))
		w.WantIDs("owner:ann:numbered", "stamped_by_numbers:8", "stamped_by_numbers:7")
	})
}
