package follow_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// follows are changes by means that the plugin does not see, with the rows that
// they are about.
var follows = []struct {
	name string
	run  func(tx *gorm.DB) error
}{
	{"move", func(tx *gorm.DB) error {
		return timakgorm.Exec(tx, timakgorm.Rows(&world.Post{}, "author_id = ?", 1), "UPDATE posts SET author_id = 2 WHERE author_id = ?", 1)
	}},
	{"insert", func(tx *gorm.DB) error {
		return timakgorm.Exec(tx, timakgorm.Rows(&world.Post{}, "title = ?", "raw"),
			"INSERT INTO posts (author_id, title, published, created_at) VALUES (1, 'raw', true, ?)", world.At(9))
	}},
	{"delete", func(tx *gorm.DB) error {
		return timakgorm.Exec(tx, timakgorm.Rows(&world.Post{ID: 10}), "DELETE FROM posts WHERE id = 10")
	}},
	{"delete some of a slice", func(tx *gorm.DB) error {
		return timakgorm.Exec(tx, timakgorm.Rows(&[]world.Post{{ID: 10}, {ID: 11}, {ID: 99}}), "DELETE FROM posts WHERE id IN (10, 99)")
	}},
	{"soft delete and restore", func(tx *gorm.DB) error {
		return timakgorm.Exec(tx, timakgorm.Rows(&world.Post{}, "1 = 1"),
			"UPDATE posts SET deleted_at = CASE WHEN deleted_at IS NULL THEN created_at END, published = true")
	}},
	{"another primary key", func(tx *gorm.DB) error {
		return timakgorm.Exec(tx, timakgorm.Rows(&world.Post{}, "id IN (10, 110)"), "UPDATE posts SET id = 110 WHERE id = 10")
	}},
	{"change through GORM and raw SQL", func(tx *gorm.DB) error {
		return timakgorm.Follow(tx, func(tx *gorm.DB) error {
			return errors.Join(
				tx.Model(&world.Post{ID: 10}).Update("author_id", 2).Error,
				tx.Exec("UPDATE posts SET author_id = 3 WHERE id = 10").Error,
				tx.Exec("UPDATE posts SET author_id = 4 WHERE id = 11").Error,
				tx.Model(&world.Post{ID: 11}).Update("author_id", 5).Error,
			)
		}, timakgorm.Rows(&world.Post{}, "id < 12"))
	}},
	{"savepoint that is undone", func(tx *gorm.DB) error {
		return timakgorm.Follow(tx, func(tx *gorm.DB) error {
			err := tx.Exec("UPDATE posts SET author_id = 3 WHERE id = 10").Error
			failed := tx.Transaction(func(tx *gorm.DB) error {
				return errors.Join(tx.Exec("UPDATE posts SET author_id = 4 WHERE id = 10").Error, errors.New("undo"))
			})
			if failed == nil {
				return errors.New("a failing transaction succeeds")
			}
			return err
		}, timakgorm.Rows(&world.Post{ID: 10}))
	}},
	{"touch of what was inserted", func(tx *gorm.DB) error {
		return errors.Join(
			timakgorm.Unwatched(tx).Exec("INSERT INTO posts (id, author_id, title, published, created_at) VALUES (70, 1, 'raw', true, ?)", world.At(9)).Error,
			timakgorm.Touch(tx, &world.Post{ID: 70}),
		)
	}},
	{"touch of what was changed where it is", func(tx *gorm.DB) error {
		return errors.Join(
			timakgorm.Unwatched(tx).Exec("UPDATE posts SET title = 'raw', created_at = ? WHERE author_id = 1", world.At(9)).Error,
			timakgorm.Touch(tx, &world.Post{}, "author_id = ?", 1),
		)
	}},
	{"touch of what was soft-deleted", func(tx *gorm.DB) error {
		return errors.Join(
			timakgorm.Unwatched(tx).Exec("UPDATE posts SET deleted_at = ? WHERE author_id = 1", world.At(9)).Error,
			timakgorm.Touch(tx, &world.Post{}, "author_id = ?", 1),
		)
	}},
	{"touch of what GORM has moved", func(tx *gorm.DB) error {
		return errors.Join(tx.Model(&world.Post{ID: 10}).Update("author_id", 2).Error, timakgorm.Touch(tx, &world.Post{ID: 10}))
	}},
}

// TestFollow: timelines follow changes that Follow, Exec or Touch are told of,
// in a transaction and outside of one.
func TestFollow(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, in := range []world.Mode{world.Modes[0], {Name: "explicit", Run: world.InTransaction}} {
			for _, op := range follows {
				// One change at a time: what is folded cannot go astray.
				w := world.New(t, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Batch: 1}})
				w.Seed()
				w.Drain()
				before := w.Posts()
				if err := in.Run(w.DB, op.run); err != nil {
					t.Errorf("%s, %s: %v", in.Name, op.name, err)
				}
				if w.Posts() == before {
					t.Errorf("%s, %s: nothing has changed", in.Name, op.name)
				}
				w.Check()
				if t.Failed() {
					t.Fatalf("after %s, %s", in.Name, op.name)
				}
			}
		}
	})
}

// What Follow refuses, and what fails in it, is not written.
func TestFollow_errors(t *testing.T) {
	t.Parallel()
	failure := errors.New("of the user")
	fail := func(*gorm.DB) error { return failure }
	cases := []struct {
		name string
		run  func(db *gorm.DB) error
		want error
	}{
		{"another tracked table", func(db *gorm.DB) error {
			return timakgorm.Exec(db, timakgorm.Rows(&Remarked{}, "1 = 1"), "DELETE FROM posts")
		}, timakgorm.ErrUncaptured},
		{"a model that is not tracked", func(db *gorm.DB) error {
			return timakgorm.Exec(db, timakgorm.Rows(&world.Author{}, "1 = 1"), "DELETE FROM authors")
		}, timakgorm.ErrUncaptured},
		{"no condition", func(db *gorm.DB) error {
			return timakgorm.Exec(db, timakgorm.Rows(&world.Post{}), "DELETE FROM posts")
		}, gorm.ErrMissingWhereClause},
		{"touch without a condition", func(db *gorm.DB) error { return timakgorm.Touch(db, &world.Post{}) }, gorm.ErrMissingWhereClause},
		{"failing", func(db *gorm.DB) error {
			return timakgorm.Follow(db, func(tx *gorm.DB) error {
				return errors.Join(tx.Exec("DELETE FROM posts").Error, fail(tx))
			}, timakgorm.Rows(&world.Post{}, "1 = 1"))
		}, failure},
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&world.Author{}, &world.Post{}, &Remarked{}}, Tracked: []any{&world.Post{}, &Remarked{}}})
		w.Seed()
		before := w.Posts()
		for _, c := range cases {
			if err := c.run(w.DB); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, err, c.want)
			}
			if w.Posts() != before {
				t.Errorf("%s: posts have changed", c.name)
			}
		}
		if err := timakgorm.Exec(w.DB, timakgorm.Selection{}, "DELETE FROM posts"); err == nil {
			t.Error("the zero Selection is accepted")
		}
		w.Check()
	})
}

// Remarked is another tracked table.
type Remarked struct {
	gorm.Model

	_ timakgorm.Timeline `timak:"key=remarked"`
}

// TestUnwatched: what is let pass in one session is not in others.
func TestUnwatched(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		unwatched := timakgorm.Unwatched(w.DB)
		for range 2 { // a session, and no statement
			w.Must(unwatched.Exec("UPDATE posts SET body = 'raw'").Error)
		}
		if err := w.DB.Exec("UPDATE posts SET body = 'raw'").Error; !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("got %v, want ErrUncaptured", err)
		}
	})
}
