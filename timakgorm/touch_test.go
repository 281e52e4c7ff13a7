package timakgorm_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
)

// follows are changes by means that the plugin does not see, with the rows that
// they are about.
var follows = []struct {
	name string
	run  func(tx *gorm.DB) error
}{
	{"move", func(tx *gorm.DB) error {
		return timakgorm.Exec(tx, timakgorm.Rows(&Post{}, "author_id = ?", 1), "UPDATE posts SET author_id = 2 WHERE author_id = ?", 1)
	}},
	{"insert", func(tx *gorm.DB) error {
		return timakgorm.Exec(tx, timakgorm.Rows(&Post{}, "title = ?", "raw"),
			"INSERT INTO posts (author_id, title, published, created_at) VALUES (1, 'raw', true, ?)", at(9))
	}},
	{"delete", func(tx *gorm.DB) error {
		return timakgorm.Exec(tx, timakgorm.Rows(&Post{ID: 10}), "DELETE FROM posts WHERE id = 10")
	}},
	{"delete some of a slice", func(tx *gorm.DB) error {
		return timakgorm.Exec(tx, timakgorm.Rows(&[]Post{{ID: 10}, {ID: 11}, {ID: 99}}), "DELETE FROM posts WHERE id IN (10, 99)")
	}},
	{"soft delete and restore", func(tx *gorm.DB) error {
		return timakgorm.Exec(tx, timakgorm.Rows(&Post{}, "1 = 1"),
			"UPDATE posts SET deleted_at = CASE WHEN deleted_at IS NULL THEN created_at END, published = true")
	}},
	{"another primary key", func(tx *gorm.DB) error {
		return timakgorm.Exec(tx, timakgorm.Rows(&Post{}, "id IN (10, 110)"), "UPDATE posts SET id = 110 WHERE id = 10")
	}},
	{"change through GORM and raw SQL", func(tx *gorm.DB) error {
		return timakgorm.Follow(tx, func(tx *gorm.DB) error {
			return errors.Join(
				tx.Model(&Post{ID: 10}).Update("author_id", 2).Error,
				tx.Exec("UPDATE posts SET author_id = 3 WHERE id = 10").Error,
				tx.Exec("UPDATE posts SET author_id = 4 WHERE id = 11").Error,
				tx.Model(&Post{ID: 11}).Update("author_id", 5).Error,
			)
		}, timakgorm.Rows(&Post{}, "id < 12"))
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
		}, timakgorm.Rows(&Post{ID: 10}))
	}},
	{"touch of what was inserted", func(tx *gorm.DB) error {
		return errors.Join(
			timakgorm.Unwatched(tx).Exec("INSERT INTO posts (id, author_id, title, published, created_at) VALUES (70, 1, 'raw', true, ?)", at(9)).Error,
			timakgorm.Touch(tx, &Post{ID: 70}),
		)
	}},
	{"touch of what was changed where it is", func(tx *gorm.DB) error {
		return errors.Join(
			timakgorm.Unwatched(tx).Exec("UPDATE posts SET title = 'raw', created_at = ? WHERE author_id = 1", at(9)).Error,
			timakgorm.Touch(tx, &Post{}, "author_id = ?", 1),
		)
	}},
	{"touch of what was soft-deleted", func(tx *gorm.DB) error {
		return errors.Join(
			timakgorm.Unwatched(tx).Exec("UPDATE posts SET deleted_at = ? WHERE author_id = 1", at(9)).Error,
			timakgorm.Touch(tx, &Post{}, "author_id = ?", 1),
		)
	}},
	{"touch of what GORM has moved", func(tx *gorm.DB) error {
		return errors.Join(tx.Model(&Post{ID: 10}).Update("author_id", 2).Error, timakgorm.Touch(tx, &Post{ID: 10}))
	}},
}

// TestFollow: timelines follow changes that Follow, Exec or Touch are told of,
// in a transaction and outside of one.
func TestFollow(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		for _, in := range []mode{modes[0], {name: "explicit", run: inTransaction}} {
			for _, op := range follows {
				// One change at a time: what is folded cannot go astray.
				w := newWorld(t, setup{dialect: dialect, options: &timakgorm.Options{Batch: 1}})
				w.seed()
				w.drain()
				before := w.posts()
				if err := in.run(w.db, op.run); err != nil {
					t.Errorf("%s, %s: %v", in.name, op.name, err)
				}
				if w.posts() == before {
					t.Errorf("%s, %s: nothing has changed", in.name, op.name)
				}
				w.check()
				if t.Failed() {
					t.Fatalf("after %s, %s", in.name, op.name)
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
			return timakgorm.Exec(db, timakgorm.Rows(&Author{}, "1 = 1"), "DELETE FROM authors")
		}, timakgorm.ErrUncaptured},
		{"no condition", func(db *gorm.DB) error {
			return timakgorm.Exec(db, timakgorm.Rows(&Post{}), "DELETE FROM posts")
		}, gorm.ErrMissingWhereClause},
		{"touch without a condition", func(db *gorm.DB) error { return timakgorm.Touch(db, &Post{}) }, gorm.ErrMissingWhereClause},
		{"failing", func(db *gorm.DB) error {
			return timakgorm.Follow(db, func(tx *gorm.DB) error {
				return errors.Join(tx.Exec("DELETE FROM posts").Error, fail(tx))
			}, timakgorm.Rows(&Post{}, "1 = 1"))
		}, failure},
	}
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect, models: []any{&Author{}, &Post{}, &Remarked{}}, tracked: []any{&Post{}, &Remarked{}}})
		w.seed()
		before := w.posts()
		for _, c := range cases {
			if err := c.run(w.db); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, err, c.want)
			}
			if w.posts() != before {
				t.Errorf("%s: posts have changed", c.name)
			}
		}
		if err := timakgorm.Exec(w.db, timakgorm.Selection{}, "DELETE FROM posts"); err == nil {
			t.Error("the zero Selection is accepted")
		}
		w.check()
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
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		w.seed()
		unwatched := timakgorm.Unwatched(w.db)
		for range 2 { // a session, and no statement
			w.must(unwatched.Exec("UPDATE posts SET body = 'raw'").Error)
		}
		if err := w.db.Exec("UPDATE posts SET body = 'raw'").Error; !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("got %v, want ErrUncaptured", err)
		}
	})
}
